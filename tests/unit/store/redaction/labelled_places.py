"""Places of messages, labelled secret or harmless: shapes from public API documentation, with made-up values.

It grows with each bug: a leak adds a secret, a broken replay adds a harmless value.
"""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """A message with its labelled values; `part` is "target", "header NAME", or the media type of a body."""

    name: str
    part: str
    text: str
    secret: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()


JSON, FORM, XML, TEXT = "application/json", "application/x-www-form-urlencoded", "text/xml", "text/plain"
HTML, YAML = "text/html", "application/yaml"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI5OSIsImV4cCI6MTkwMDAwMDAwMH0.Qm9ndXNTaWduYXR1cmU"

SHAPES = (
    Shape(
        "OAuth token response (RFC 6749, section 5.1)",
        JSON,
        '{"access_token":"2YotnFZFEjr1zCsicMWpAB","token_type":"example-bearer","expires_in":3600,'
        '"refresh_token":"tGzv3JOkF0XG5Qx2TlKWIB","scope":"read:user write:user","issued_at":"1999-12-31T08:09:10Z"}',
        ("2YotnFZFEjr1zCsicMWpAB", "tGzv3JOkF0XG5Qx2TlKWIB"),
        ("example-bearer", "3600", "read:user write:user", "1999-12-31T08:09:10Z"),
    ),
    Shape(
        "OAuth token request with PKCE (RFC 7636)",
        FORM,
        "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIB&redirect_uri=https%3A%2F%2Fapp.test%2Fcb"
        "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXm&client_id=s6BhdRkqt3&client_secret=weak&"
        "state=af0ifjs",
        ("SplxlOBeZQQYbYS6WxSbIB", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXm", "client_secret=weak"),
        ("authorization_code", "https%3A%2F%2Fapp.test%2Fcb", "s6BhdRkqt3", "af0ifjs"),
    ),
    Shape(
        "OAuth redirect",
        "header Location",
        "https://app.test/cb?code=4_P7q7W91a-oMsCeLvIaQm6bTrgtp8&state=xyzzy&session_state=3",
        ("4_P7q7W91a-oMsCeLvIaQm6bTrgtp8",),
        ("xyzzy", "session_state=3"),
    ),
    Shape(
        "OAuth device code (RFC 8628)",
        JSON,
        '{"device_code":"GmRhmhcxhwAzkoEqiMEg_DnyEqNkqEcTB","verification_uri":"https://example.com/device",'
        '"interval":5}',
        ("GmRhmhcxhwAzkoEqiMEg_DnyEqNkqEcTB",),
        ("https://example.com/device", '"interval":5'),
    ),
    Shape(
        "OAuth error",
        JSON,
        '{"error":"invalid_grant","error_description":"The token has expired","code":"invalid_grant_token_expired"}',
        (),
        ('"invalid_grant"', "The token has expired", "invalid_grant_token_expired"),
    ),
    Shape(
        "password grant",
        FORM,
        "grant_type=password&username=ann&password=hunter2&otp=4711",
        ("hunter2", "4711"),
        ("grant_type=password", "username=ann"),
    ),
    Shape(
        "introspection",
        JSON,
        f'{{"active":true,"jti":"a-17","token":"{JWT}","client_id":"l238j323ds","sub":"Z5O3upPC"}}',
        (JWT,),
        ("a-17", "l238j323ds", "Z5O3upPC"),
    ),
    Shape(
        "STS AssumeRole",
        XML,
        "<AssumeRoleResponse><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLF</AccessKeyId>"
        "<SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEZ</SecretAccessKey>"
        "<SessionToken>AQoDYXdzEPT//////////"
        "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfI</SessionToken>"
        "<Expiration>2019-11-09T13:34:41Z</Expiration></Credentials><AssumedRoleUser>"
        "<Arn>arn:aws:sts::123456789012:assumed-role/demo/TestAR</Arn></AssumedRoleUser>"
        "<PackedPolicySize>6</PackedPolicySize></AssumeRoleResponse>",
        ("ASIAIOSFODNN7EXAMPLF", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEZ", "AQoDYXdzEPT"),
        ("2019-11-09T13:34:41Z", "arn:aws:sts::123456789012:assumed-role/demo/TestAR", "<PackedPolicySize>6<"),
    ),
    Shape(
        "STS as JSON",
        JSON,
        '{"Credentials":{"AccessKeyId":"ASIAIOSFODNN7EXAMPLF","SecretAccessKey":"9drTJvcXLB89EXAMPLELB8923FB892xMFI",'
        '"SessionToken":"AQoXdzELDDYEXAMPLE//////8xAaoAK4Ef2","Expiration":"2014-12-11T23:08:07Z"}}',
        ("ASIAIOSFODNN7EXAMPLF", "9drTJvcXLB89EXAMPLELB8923FB892xMFI", "AQoXdzELDDYEXAMPLE//////8xAaoAK4Ef2"),
        ("2014-12-11T23:08:07Z",),
    ),
    Shape(
        "SOAP with WS-Security",
        "application/soap+xml",
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><wsse:Security>'
        "<wsse:UsernameToken><wsse:Username>ann</wsse:Username>"
        '<wsse:Password Type="http://docs.oasis-open.org/wss/2004/01/PasswordText">pa55</wsse:Password>'
        "</wsse:UsernameToken></wsse:Security></s:Header><s:Body><PasswordPolicy>strong</PasswordPolicy></"
        "s:Body></s:Envelope>",
        ("pa55",),
        (
            ">ann<",
            "http://docs.oasis-open.org/wss/2004/01/PasswordText",
            "strong",
            "http://www.w3.org/2003/05/soap-envelope",
        ),
    ),
    Shape(
        "XML attributes",
        XML,
        '<config><user name="ann" password="tiger1" role="admin"/><add key="ApiKey" value="q1w2"/>'
        '<add key="Theme" value="dark"/></config>',
        ("tiger1", "q1w2"),
        ('"ann"', '"admin"', '"dark"'),
    ),
    Shape(
        "XML with CDATA",
        XML,
        "<login><passwd><![CDATA[s3same]]></passwd><lang><![CDATA[de-AT]]></lang></login>",
        ("s3same",),
        ("de-AT",),
    ),
    Shape(
        "XML-RPC",
        XML,
        "<struct><member><name>password</name><value><string>letmein</string></value></member>"
        "<member><name>title</name><value><string>Passwords</string></value></member></struct>",
        ("letmein",),
        (">Passwords<",),
    ),
    Shape(
        "property list",
        "application/xml",
        "<?xml version='1.0'?><plist><dict><key>passcode</key><string>0815</string><key>model</key><string>X12</string>"
        "</dict></plist>",
        ("0815",),
        ("X12",),
    ),
    Shape(
        "Rails form",
        HTML,
        '<!DOCTYPE html><html><head><meta name="csrf-token" content="Zx9bQ2mT7pLk4VnR8sWc1A=="/>'
        '<meta name="viewport" content="width=device-width"/></head><form action="/session">'
        '<input type="hidden" name="authenticity_token" value="p1Qm9ZbT2xLk7VnR4sWc8A==" autocomplete="off"/>'
        '<input type="password" name="password" placeholder="Password"/><input name="q" value="shoes"/>'
        '<input type="submit" name="commit" value="Log in"/></form></html>',
        ("Zx9bQ2mT7pLk4VnR8sWc1A==", "p1Qm9ZbT2xLk7VnR4sWc8A=="),
        ("width=device-width", '"hidden"', '"password" name', 'placeholder="Password"', "shoes", "Log in"),
    ),
    Shape(
        "Django form",
        HTML,
        "<form><input type='hidden' name='csrfmiddlewaretoken' value='kQ8zT3mX9pLr5VbN2sWd7Ay6Ue1Ci4Oj'>"
        '<label for="id_password">Password:</label><input name="pin" value="9182"></form>',
        ("kQ8zT3mX9pLr5VbN2sWd7Ay6Ue1Ci4Oj", "9182"),
        ("id_password", "Password:"),
    ),
    Shape(
        "script in a page",
        HTML,
        '<html><script>window.cfg = {"csrfToken": "b7Qm9ZbT2xLk7VnR4sWc8B", "locale": "en-GB", label: '
        '{password: "Password"}}'
        "</script></html>",
        ("b7Qm9ZbT2xLk7VnR4sWc8B",),
        ("en-GB", 'password: "Password"'),
    ),
    Shape(
        "JSONP",
        "application/javascript",
        '/**/cb_17({"access_token": "Kq3xV8mZ2rTw6LbN", "user": "ann", "count": 17});',
        ("Kq3xV8mZ2rTw6LbN",),
        ("cb_17", '"ann"', '"count": 17'),
    ),
    Shape(
        "JSON in a JSON text",
        JSON,
        r'{"Type":"Notification","Message":"{\"user\":\"ann\",\"password\":\"abc123\",\"n\":7}",'
        r'"MessageId":"da41e39f"}',
        ("abc123",),
        ("Notification", r"\"ann\"", r"\"n\":7", "da41e39f"),
    ),
    Shape(
        "form in a JSON text",
        JSON,
        '{"request":{"method":"POST","body":"user=ann&password=xyz9&lang=de"}}',
        ("xyz9",),
        ("user=ann", "lang=de", '"POST"'),
    ),
    Shape(
        "JSON in a form",
        FORM,
        "payload=%7B%22token%22%3A%22Kq3xV8mZ2rTw6LbM%22%2C%22text%22%3A%22hello%22%7D&channel=C0123",
        ("Kq3xV8mZ2rTw6LbM",),
        ("hello", "C0123"),
    ),
    Shape(
        "multipart",
        "multipart/form-data; boundary=b",
        '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nqwerty\r\n'
        '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nThe token ring\r\n--b--\r\n',
        ("qwerty",),
        ("The token ring",),
    ),
    Shape(
        "Graph API paging",
        JSON,
        '{"data":[{"id":"1001"}],"paging":{"next":"https://graph.test/v19.0/'
        'me?access_token=EAAGm0PX4ZCpsBAKZ&limit=25&after=Mg",'
        '"cursors":{"after":"MTAxNTExOTQ1MjAwNzI5NDE","before":"NDMyNzQyODI3OTQw"}}}',
        ("EAAGm0PX4ZCpsBAKZ",),
        ("limit=25&after=Mg", "MTAxNTExOTQ1MjAwNzI5NDE", "NDMyNzQyODI3OTQw", "1001"),
    ),
    Shape(
        "pagination in Link",
        "header Link",
        '<https://api.test/projects?page=2&private_token=k9Xq2mZr7Lw4TbV8>; rel="next", <https://api.test/'
        'p?page=9>; rel="last"',
        ("k9Xq2mZr7Lw4TbV8",),
        ("page=2", 'rel="next"', "page=9"),
    ),
    Shape(
        "Refresh",
        "header Refresh",
        "5; url=https://x.test/in?sig=Kq3xV8mZ2rTw6LbN&page=3",
        ("Kq3xV8mZ2rTw6LbN",),
        ("5; url=https://x.test/in", "page=3"),
    ),
    Shape(
        "CloudWatch Logs",
        JSON,
        '{"events":[],"nextForwardToken":"f/31961209122447488583055879464742346735121166569214640130",'
        '"nextBackwardToken":"b/31961209122358285602261756944988674324553373268216709120"}',
        (),
        (
            "f/31961209122447488583055879464742346735121166569214640130",
            "b/31961209122358285602261756944988674324553373268216709120",
        ),
    ),
    Shape(
        "page tokens",
        JSON,
        '{"nextPageToken":"CAUQAAxyZ81jKq","NextToken":"AAAEDgMAaBc9ZqT1","continuationToken":"1!48!MDAwMDA4IWFi",'
        '"prev_page_token":"CAoQAQxyZ81jKp","syncToken":"CPDAlvWDx70CEPDAlvWDx70C","hasMore":true}',
        (),
        ("CAUQAAxyZ81jKq", "AAAEDgMAaBc9ZqT1", "1!48!MDAwMDA4IWFi", "CAoQAQxyZ81jKp", "CPDAlvWDx70CEPDAlvWDx70C"),
    ),
    Shape(
        "page token in a query",
        "target",
        "/v3/files?pageToken=~!!~AI9FV7Q1xTmZ&pageSize=50&key=AIzaSyD4b8QmX2v7Tn3LpRw9KcJ5fHs6GyUeZ0a",
        ("AIzaSyD4b8QmX2v7Tn3LpRw9KcJ5fHs6GyUeZ0a",),
        ("~!!~AI9FV7Q1xTmZ", "pageSize=50"),
    ),
    Shape(
        "chat completion with logprobs",
        JSON,
        '{"choices":[{"message":{"content":"Hi there"},"logprobs":{"content":[{"token":"Hi","logprob":-0.31,'
        '"top_logprobs":[{"token":" x9ZbT2xLk7VnR4sWc","logprob":-1.2},{"token":"Q8zT3mX9pLr5VbN2sW",'
        '"logprob":-3}]}]}}],'
        '"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21},"max_tokens":256}',
        (),
        (
            '"Hi"',
            "-0.31",
            "Hi there",
            " x9ZbT2xLk7VnR4sWc",
            "Q8zT3mX9pLr5VbN2sW",
            "prompt_tokens",
            "12",
            '"max_tokens":256',
        ),
    ),
    Shape(
        "text generation stream",
        "text/event-stream",
        'data:{"index":1,"token":{"id":13,"text":"Hi","logprob":-0.5,"special":false},"generated_text":null}\n\n',
        (),
        ('"id":13', '"text":"Hi"'),
    ),
    Shape(
        "tokenizer",
        JSON,
        '{"tokens":["Hi"," there","##ization"],"count":3,"token_ids":[101,7592,102]}',
        (),
        ('"Hi"', '" there"', "##ization", "7592"),
    ),
    Shape(
        "Elasticsearch _analyze",
        JSON,
        '{"tokens":[{"token":"x9zbt2xlk7vnr4swc","start_offset":0,"end_offset":17,"type":"<ALPHANUM>","position":0}]}',
        (),
        ("x9zbt2xlk7vnr4swc", "<ALPHANUM>"),
    ),
    Shape(
        "npm metadata",
        JSON,
        '{"name":"express","version":"4.19.2","dependencies":{"cookie":"1.0.2","cookie-signature":"^1.0.7",'
        '"js-tokens":"^4.0.0",'
        '"keytoken":"~2.1.0-beta.20240101"},"dist":{"integrity":"sha512-Xb3q9ZbT2xLk7VnR4sWc8A==",'
        '"shasum":"9d8e1c0ab47f3e12a5b6",'
        '"signatures":[{"keyid":"SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzB",'
        '"sig":"MEUCIQCX9ZbT2xLk7VnR4sWc8A"}]},'
        '"keywords":["secret","token","password"]}',
        (),
        (
            *(
                '"1.0.2"',
                "^1.0.7",
                "^4.0.0",
                "~2.1.0-beta.20240101",
                "sha512-Xb3q9ZbT2xLk7VnR4sWc8A==",
                "9d8e1c0ab47f3e12a5b6",
            ),
            *(
                "MEUCIQCX9ZbT2xLk7VnR4sWc8A",
                "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzB",
                '["secret","token","password"]',
            ),
        ),
    ),
    Shape(
        "lock file",
        YAML,
        "lockfileVersion: '9.0'\npackages:\n  cookie: 0.7.2\n  passport: 0.7.0\n  token-types: 6.0.0\n",
        (),
        ("cookie: 0.7.2", "passport: 0.7.0", "token-types: 6.0.0", "'9.0'"),
    ),
    Shape(
        "prices, dates and balances",
        JSON,
        '{"secrets":{"from":"1999-01-31","to":"2026-02-28T00:00:00Z","total":"1.25"},"balance":"1.25",'
        '"key":"2024-02-30",'
        '"token":"12345.678901234567890","price_token":"0.000012"}',
        (),
        ("1999-01-31", "2026-02-28T00:00:00Z", '"balance":"1.25"', "2024-02-30", "12345.678901234567890", "0.000012"),
    ),
    Shape(
        "OpenAPI security schemes",
        JSON,
        '{"credentials":{"tokenUrl":"https://auth.test/oauth/token","description":"The token of the partner, by mail.",'
        '"type":"oauth2_client_credentials"},"securitySchemes":{"api_key":{"type":"apiKey","in":"header",'
        '"name":"X-Api-Key"}},'
        '"properties":{"password":{"type":"string","format":"password","minLength":8}}}',
        (),
        (
            *("https://auth.test/oauth/token", "The token of the partner, by mail.", "oauth2_client_credentials"),
            *('"apiKey"', '"X-Api-Key"', '"format":"password"', '"minLength":8'),
        ),
    ),
    Shape(
        "validation errors",
        JSON,
        '{"errors":{"password":["is too short (minimum 8)"],"token":"has already been taken",'
        '"code":"ERR_HTTP2_INVALID_HEADER"}}',
        (),
        ("is too short (minimum 8)", "has already been taken", "ERR_HTTP2_INVALID_HEADER"),
    ),
    Shape(
        "Kubernetes secret",
        JSON,
        '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db-access","resourceVersion":"88412"},'
        '"data":{"username":"YWRtaW4=","tls.crt":"LS0tLS1CRUdJ"},"stringData":{"note":"opensesame"},"type":"Opaque"}',
        ("YWRtaW4=", "LS0tLS1CRUdJ", "opensesame"),
        ("db-access", "88412", "Opaque"),
    ),
    Shape(
        "Kubernetes config map",
        JSON,
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"site"},"data":{"color":"YWRtaW4=","lang":"en"}}',
        (),
        ("YWRtaW4=", '"lang":"en"'),
    ),
    Shape(
        "Kubernetes secret as YAML",
        YAML,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db-access\ndata:\n  username: YWRtaW5z\n  extra: "
        "MWYyZDFl\ntype: Opaque\n",
        ("YWRtaW5z", "MWYyZDFl"),
        ("db-access", "Opaque"),
    ),
    Shape(
        "settings as YAML",
        YAML,
        'db:\n  user: ann\n  password: tiger\n  port: 5432\nsmtp:\n  - api_key: "k-77"\n    pool: 8 # token: none\n'
        "docs:\n  token: required\n  key: some-key-name\n",
        ("tiger", "k-77"),
        ("ann", "5432", "8 # token: none", "token: required", "some-key-name"),
    ),
    Shape(
        ".env",
        TEXT,
        "# settings\nAPP_ENV=production\nDB_PASS=hunter9\nexport "
        "API_KEY='abc-9'\nSESSION_SECRET=Kq3xV8mZ2rTw6LbNp0\nPORT=8080\n"
        "KEY_NAME=main\nPASSWORD_MIN_LENGTH=12\n",
        ("hunter9", "abc-9", "Kq3xV8mZ2rTw6LbNp0"),
        ("production", "8080", "KEY_NAME=main", "PASSWORD_MIN_LENGTH=12"),
    ),
    Shape(
        "prose",
        TEXT,
        "The password must have 8 characters.\nToken: see the manual.\nYour key: blue\nNote: ring 2\n",
        (),
        ("The password must have 8 characters.", "Token: see the manual.", "Your key: blue", "ring 2"),
    ),
    Shape(
        "GraphQL with inline arguments",
        JSON,
        r'{"query":"mutation { login(user: \"ann\", password: \"Winter21\", locale: \"de\") { ok } }",'
        r'"operationName":"login"}',
        ("Winter21",),
        (r"\"ann\"", r"\"de\"", '"login"'),
    ),
    Shape(
        "GraphQL as text",
        "application/graphql",
        'mutation { signIn(email: "ann@shop.test", otp: "739104", lang: "fr") { id } }',
        ("739104",),
        ("ann@shop.test", "fr"),
    ),
    Shape(
        "GraphQL variables",
        JSON,
        '{"query":"query Q($t: String!) { me(token: $t) { id } }","variables":{"t":"blue","password":"Summer20"}}',
        ("Summer20",),
        ("query Q($t: String!) { me(token: $t) { id } }", '"blue"'),
    ),
    Shape(
        "Stripe webhook",
        JSON,
        '{"id":"we_1Mr5jULkdIwHu7ix","object":"webhook_endpoint","secret":"whsec_Kq3xV8mZ2rTw6LbNp0",'
        '"status":"enabled",'
        '"url":"https://shop.test/hook"}',
        ("whsec_Kq3xV8mZ2rTw6LbNp0",),
        ("we_1Mr5jULkdIwHu7ix", "webhook_endpoint", "enabled", "https://shop.test/hook"),
    ),
    Shape(
        "webhook signature",
        "header X-Hub-Signature-256",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18",
        ("757107ea0eb2509fc211221cce984b8a",),
    ),
    Shape(
        "Slack webhook",
        "target",
        "/services/T0123ABCD/B0456EFGH/Kq3xV8mZ2rTw6LbNp0YcHd1S",
        ("Kq3xV8mZ2rTw6LbNp0YcHd1S",),
        ("T0123ABCD", "B0456EFGH"),
    ),
    Shape(
        "link of a mail",
        "target",
        "/users/reset_password/Kq3xV8mZ2rTw6LbNp0?lang=de",
        ("Kq3xV8mZ2rTw6LbNp0",),
        ("/users/", "lang=de"),
    ),
    Shape(
        "names in paths",
        "target",
        "/v1/secrets/database-main-2024/versions/3b241101-e2bb-4255-8caf-4136c566a962",
        (),
        ("database-main-2024", "3b241101-e2bb-4255-8caf-4136c566a962"),
    ),
    Shape(
        "signed URL",
        "target",
        "/b/photo.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256&"
        "X-Amz-Credential=AKIAIOSFODNN7EXAMPLF%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
        "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        ("AKIAIOSFODNN7EXAMPLF", "aeeed9bbccd4d02ee5c0109b86d86835"),
        ("AWS4-HMAC-SHA256", "20130524T000000Z", "86400"),
    ),
    Shape(
        "Vault AppRole",
        JSON,
        '{"role_id":"675a50e7-cfe0-be76-e35f-49ec009731ea","secret_id":"ed0a642f-2acf-c2da-232f-1b21300d5f29"}',
        ("ed0a642f-2acf-c2da-232f-1b21300d5f29",),
        ("675a50e7-cfe0-be76-e35f-49ec009731ea",),
    ),
    Shape(
        "recovery codes",
        JSON,
        '{"recovery_codes":["ab12-cd34","ef56-gh78"],"backup_codes":["11223344"],"error_codes":["e-17"],'
        '"codes":["de","at"]}',
        ("ab12-cd34", "ef56-gh78", "11223344"),
        ("e-17", '"de"'),
    ),
    Shape(
        "four-digit codes",
        JSON,
        '{"pin":"1234","verification_code":"9876","cvc":"737","passcode":5577,"zip_code":"8010","country_code":"43",'
        '"status_code":2001,"pinned":"6611","shipping":"4412","code":"7788","pinCount":3344}',
        ('"1234"', "9876", "737", "5577"),
        ("8010", '"43"', "2001", "6611", "4412", "7788", "3344"),
    ),
    Shape(
        "sign-up with weak passwords",
        JSON,
        '{"user":"ann","password":"secret","password_confirmation":"secret","hint":"the secret garden",'
        '"has_password":true}',
        ('"secret"',),
        ('"ann"', "the secret garden", "true"),
    ),
    Shape(
        "pairs of names and values",
        JSON,
        '{"env":[{"name":"DB_PASSWORD","value":"tr0y"},{"name":"LOG_LEVEL","value":"debug"}],'
        '"variable":[{"key":"apiKey","value":"zz-1","type":"string"},{"key":"password-length","value":"20"}]}',
        ("tr0y", "zz-1"),
        ("DB_PASSWORD", '"debug"', '"20"', '"string"'),
    ),
    Shape(
        "keys that name things",
        JSON,
        '{"key":"PROJ-1234","Key":"photos/2006/February/sample.jpg","public_key":"MIIBIjANBgkqhkiG9w0BAQEFAAOC",'
        '"idempotency_key":"8e03978e-40d5-43dd-bc93-6894a57f9324","cache_key":"v2-9d8e1c0ab47f3e12",'
        '"sort_key":"USER#0001#A9ZbT2xLk7"}',
        (),
        (
            *("PROJ-1234", "photos/2006/February/sample.jpg", "MIIBIjANBgkqhkiG9w0BAQEFAAOC", "v2-9d8e1c0ab47f3e12"),
            *("8e03978e-40d5-43dd-bc93-6894a57f9324", "USER#0001#A9ZbT2xLk7"),
        ),
    ),
    Shape(
        "JSON web keys",
        JSON,
        '{"keys":[{"kty":"RSA","kid":"2011-04-29","use":"sig","alg":"RS256","n":"0vx7agoebGcQSuuPiLJXZptN",'
        '"e":"AQAB"}]}',
        (),
        ("2011-04-29", '"sig"', "RS256", "0vx7agoebGcQSuuPiLJXZptN", "AQAB"),
    ),
    Shape(
        "listing of a bucket",
        JSON,
        '{"Contents":[{"Key":"a9ZbT2xLk7VnR4sWc8A.png","Size":42,"ETag":"9b2cf535f27731c9",'
        '"LastModified":"2009-10-12T17:50:30Z"}]}',
        (),
        ("a9ZbT2xLk7VnR4sWc8A.png", "42", "9b2cf535f27731c9", "2009-10-12T17:50:30Z"),
    ),
    Shape(
        "error codes",
        JSON,
        '{"error":{"code":"auth/invalid-verification-code","message":"Bad token.",'
        '"status":"INVALID_ARGUMENT"},"code":"E1001XR7-99Q21-ZZ4","title":"x"}',
        (),
        ("auth/invalid-verification-code", "Bad token.", "INVALID_ARGUMENT", "E1001XR7-99Q21-ZZ4"),
    ),
    Shape(
        "echoed header fields",
        JSON,
        '{"headers":{"Authorization":"Bearer mF_9.B5f-4.1JqM","Cookie":"sid=31d4d96e407aad42; lang=en",'
        '"Accept":"*/*","Host":"h.test"}}',
        ("mF_9.B5f-4.1JqM", "31d4d96e407aad42"),
        ('"*/*"', "h.test"),
    ),
    Shape("Authorization", "header Authorization", "Basic QWxhZGRpbjpvcA==", ("QWxhZGRpbjpvcA==",), ("Basic",)),
    Shape(
        "Set-Cookie",
        "header Set-Cookie",
        "sid=q7; Path=/shop; Max-Age=2592000; HttpOnly",
        ("sid=q7",),
        ("Path=/shop", "Max-Age=2592000"),
    ),
    Shape("API key field", "header X-Api-Key", "demo", ("demo",)),
    Shape("token field", "header X-Auth-Token", "Kq3xV8mZ2rTw6LbNp0", ("Kq3xV8mZ2rTw6LbNp0",)),
    Shape("handshake", "header Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", (), ("dGhlIHNhbXBsZSBub25jZQ==",)),
    Shape("idempotency", "header Idempotency-Key", "KG5LxwFBepaKHyUD", (), ("KG5LxwFBepaKHyUD",)),
    Shape("rate limit", "header X-Ratelimit-Remaining-Tokens", "149984", (), ("149984",)),
    Shape("entity tag", "header ETag", '"33a64df551425fcc55e4d42a148795d9f25f89d4"', (), ("33a64df551425fcc55e4d42a",)),
)
