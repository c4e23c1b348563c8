"""More labelled places, from the documentation of single services and from files of settings; the "
"values are made up."""

from __future__ import annotations

from tests.unit.store.redaction.labelled_places import FORM, HTML, JSON, TEXT, XML, YAML, Shape

SERVICE_SHAPES = (
    Shape(
        "Auth0 user",
        JSON,
        '{"user_id":"auth0|507f1f77bcf86cd799439020","email":"j@x.test",'
        '"identities":[{"connection":"Initial-Connection","access_token":"EAAYq3xV8mZ2rTw6LbNp0",'
        '"provider":"google-oauth2","isSocial":true}],"last_password_reset":"2024-01-31T08:09:10Z",'
        '"blocked":false,"multifactor":["google-authenticator"]}',
        ("EAAYq3xV8mZ2rTw6LbNp0",),
        ("auth0|507f1f77bcf86cd799439020", "Initial-Connection", "2024-01-31T08:09:10Z", "google-authenticator"),
    ),
    Shape(
        "Okta session",
        JSON,
        '{"sessionToken":"20111sTEtWA5h9c5dUTNkAzvNqbT0rI-xyz","status":"SUCCESS",'
        '"expiresAt":"2024-01-31T08:09:10.000Z","_embedded":{"user":{"id":"00ub0oNGTSWTBKOLGLNR",'
        '"passwordChanged":"2023-01-31T08:09:10.000Z"}}}',
        ("20111sTEtWA5h9c5dUTNkAzvNqbT0rI-xyz",),
        ("SUCCESS", "00ub0oNGTSWTBKOLGLNR", "2023-01-31T08:09:10.000Z"),
    ),
    Shape(
        "Okta authn",
        JSON,
        '{"username":"ann","password":"corr3ct","options":{"multiOptionalFactorEnroll":false,'
        '"warnBeforePasswordExpired":true},"stateToken":"00s1pd3bZuOv-meJE13hz1B7SZl5EGc14Ii_CTBIYd"}',
        ("corr3ct", "00s1pd3bZuOv-meJE13hz1B7SZl5EGc14Ii_CTBIYd"),
        ('"ann"', "true"),
    ),
    Shape(
        "Keycloak client",
        JSON,
        '{"id":"6c4b2a9e-0d5b-4a40-8d52-2a1c1e5c2e11","clientId":"shop","secret":"mC2wV4nQ8zT3xP5rL7kY",'
        '"clientAuthenticatorType":"client-secret","publicClient":false,'
        '"attributes":{"pkce.code.challenge.method":"S256","client.secret.creation.time":"1706688550",'
        '"access.token.lifespan":"300"}}',
        ("mC2wV4nQ8zT3xP5rL7kY",),
        ('"client-secret"', '"S256"', "1706688550", '"300"', "6c4b2a9e-0d5b-4a40-8d52-2a1c1e5c2e11"),
    ),
    Shape(
        "Discord",
        JSON,
        '{"id":"223704706495545344","name":"test webhook","type":1,'
        '"token":"3d89bb7572e0fb30d8128367b3b1b44fecd1726de135cbe28a41f8b2f777c372ba2939e72279b94526ff5d1'
        'bd4358d65cf11","avatar":"a_5532198fda885e4","guild_id":"199737254929760256"}',
        ("3d89bb7572e0fb30d8128367b3b1b44f",),
        ("223704706495545344", "199737254929760256", "a_5532198fda885e4"),
    ),
    Shape(
        "Discord webhook URL",
        JSON,
        '{"url":"https://discord.test/api/webhooks/223704706495545344/3d89bb7572e0fb30d8128367b3b1b44fecd'
        '1726de135cbe28a41f8b2f777c372"}',
        (),
        ("https://discord.test/api/webhooks/223704706495545344",),
    ),
    Shape(
        "Mailchimp",
        "header Authorization",
        "Basic YW55c3RyaW5nOmFiYzEyMy11czE=",
        ("YW55c3RyaW5nOmFiYzEyMy11czE=",),
        ("Basic",),
    ),
    Shape(
        "Zoom meeting",
        JSON,
        '{"id":85746065,"topic":"My Meeting","password":"123456","h323_password":"123456",'
        '"encrypted_password":"8pEkRweVXPV3Ob2KJYgFTRlDtl1gSn.1",'
        '"start_url":"https://zoom.test/s/11116?zak=x","join_url":"https://zoom.test/j/85746065",'
        '"pstn_password":"98765"}',
        ('"123456"', "8pEkRweVXPV3Ob2KJYgFTRlDtl1gSn.1", "98765"),
        ("85746065", "My Meeting", "https://zoom.test/j/85746065"),
    ),
    Shape(
        "Shopify admin",
        JSON,
        '{"storefront_access_token":{"access_token":"378d95641257a4ab3feff967ee234f4d",'
        '"access_scope":"unauthenticated_read_product_listings","title":"Test",'
        '"admin_graphql_api_id":"gid://shopify/StorefrontAccessToken/1003303990"}}',
        ("378d95641257a4ab3feff967ee234f4d",),
        ("unauthenticated_read_product_listings", "gid://shopify/StorefrontAccessToken/1003303990"),
    ),
    Shape(
        "WooCommerce query",
        "target",
        "/wp-json/wc/v3/orders?consumer_key=ck_9d8e1c0ab47f3e12a5b6&"
        "consumer_secret=cs_9d8e1c0ab47f3e12a5b7&per_page=10",
        ("ck_9d8e1c0ab47f3e12a5b6", "cs_9d8e1c0ab47f3e12a5b7"),
        ("per_page=10",),
    ),
    Shape(
        "OAuth 1.0a",
        "header Authorization",
        'OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", '
        'oauth_nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", oauth_signature="tnnArxj06cWHq44gCs1OSKk%2FjLY%3D"',
        ("tnnArxj06cWHq44gCs1OSKk%2FjLY%3D", "xvz1evFS4wEEPTGEFPHBog"),
        ("OAuth",),
    ),
    Shape(
        "OAuth 1.0a token",
        TEXT,
        "oauth_token=NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0&"
        "oauth_token_secret=veNRnAWe6inFuo8o2u8SLLZLjolYDmDP7SzL0YfYI&oauth_callback_confirmed=true",
        ("NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0", "veNRnAWe6inFuo8o2u8SLLZLjolYDmDP7SzL0YfYI"),
        ("oauth_callback_confirmed=true",),
    ),
    Shape(
        "Twitter list",
        JSON,
        '{"data":[{"id":"1212092628029698048","text":"token of appreciation"}],"meta":{"result_count":5,'
        '"next_token":"7140w9jd78yk1q2w3e4r5t6y7u","previous_token":"77qp8zz1q2w3e4r5t6y7u"}}',
        (),
        ("token of appreciation", "7140w9jd78yk1q2w3e4r5t6y7u", "77qp8zz1q2w3e4r5t6y7u"),
    ),
    Shape(
        "Notion",
        JSON,
        '{"object":"list","next_cursor":"fe2cc560-036c-44cd-90e8-294d5a74cebc","has_more":true,'
        '"results":[{"id":"title","token":"x"}]}',
        (),
        ("fe2cc560-036c-44cd-90e8-294d5a74cebc",),
    ),
    Shape(
        "Airtable",
        JSON,
        '{"records":[{"id":"rec560UJdUtocSouk","fields":{"Password":"pw-air1","Name":"Key account"}}],'
        '"offset":"itr1q2w3e4r5t6y7u/rec560UJdUtocSouk"}',
        ("pw-air1",),
        ("rec560UJdUtocSouk", "Key account", "itr1q2w3e4r5t6y7u/rec560UJdUtocSouk"),
    ),
    Shape(
        "HubSpot",
        JSON,
        '{"hub_id":62515,"app_id":456,"token":"CKjSgPm4Lxq3xV8mZ2rTw6","user":"a@b.test",'
        '"scopes":["oauth"],"expires_in":1754,"token_type":"access"}',
        ("CKjSgPm4Lxq3xV8mZ2rTw6",),
        ("62515", "a@b.test", '"access"'),
    ),
    Shape(
        "Plaid",
        JSON,
        '{"public_token":"public-sandbox-b0e2c4ee-a763-4df5-bfe9-46a46bce993d","request_id":"Aim3b",'
        '"access_token":"access-sandbox-de3ce8ef-33f8-452c-a685-8671031fc0f6",'
        '"item_id":"M5eVJqLnv3tbzdngLDp9FL5OlDNxlNhlE55op","client_id":"5b9d","secret":"1f7c9e0d2b3a4c5d6e7f8a9b0c1d"}',
        ("access-sandbox-de3ce8ef-33f8-452c-a685-8671031fc0f6", "1f7c9e0d2b3a4c5d6e7f8a9b0c1d"),
        ("Aim3b", "M5eVJqLnv3tbzdngLDp9FL5OlDNxlNhlE55op"),
    ),
    Shape(
        "Square",
        JSON,
        '{"payment":{"id":"bP9mAsEMYPUGjjGNaNO5ZDVyLhSZY","source_id":"ccof:uIbfJXhXETSP197M3GB",'
        '"idempotency_key":"4935a656-a929-4792-b97c-8848be85c27c","cvv_status":"CVV_ACCEPTED",'
        '"delay_token":"IPvVLiZ7KQ2m5Tw9ZbX"}}',
        (),
        ("bP9mAsEMYPUGjjGNaNO5ZDVyLhSZY", "4935a656-a929-4792-b97c-8848be85c27c", "CVV_ACCEPTED"),
    ),
    Shape(
        "Adyen",
        JSON,
        '{"card":{"number":"4111111111111111","expiryMonth":"10","cvc":"737","holderName":"John Smith"},'
        '"merchantAccount":"TestMerchant","reference":"Your order number"}',
        ('"737"',),
        ('"10"', "John Smith", "TestMerchant", "Your order number"),
    ),
    Shape(
        "Elastic API key",
        JSON,
        '{"id":"VuaCfGcBCdbkQm-e5aOx","name":"my-api-key","expiration":1544068612110,'
        '"api_key":"ui2lp2axTNmsyakw9tvNnw","encoded":"VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw=="}',
        ("ui2lp2axTNmsyakw9tvNnw",),
        ("VuaCfGcBCdbkQm-e5aOx", "my-api-key", "1544068612110"),
    ),
    Shape(
        "Elastic search",
        JSON,
        '{"_scroll_id":"DXF1ZXJ5QW5kRmV0Y2gBAAAAAAAAAD4WYm9laVYtZndUQlNsdDcwakFMNjU1QQ==","took":3,'
        '"hits":{"total":{"value":1},"hits":[{"_id":"Kq3xV8mZ2rTw6LbNp0","_source":{"key":"user-42"}}]},'
        '"aggregations":{"t":{"buckets":[{"key":"Kq3xV8mZ2rTw6LbNp0","doc_count":3},'
        '{"key_as_string":"2024-01-31","key":1706688550000,"doc_count":1}]}}}',
        (),
        (
            "DXF1ZXJ5QW5kRmV0Y2gBAAAAAAAAAD4WYm9laVYtZndUQlNsdDcwakFMNjU1QQ==",
            '"key":"Kq3xV8mZ2rTw6LbNp0"',
            "user-42",
            "1706688550000",
        ),
    ),
    Shape(
        "Grafana dashboard",
        JSON,
        '{"dashboard":{"uid":"cIBgcSjkk","refId":"A","secureJsonFields":{"password":true},'
        '"secureJsonData":{"password":"graf1","httpHeaderValue1":"Bearer x1"},"key":"panel-17-legend-bottom-x9"}}',
        ("graf1",),
        ("cIBgcSjkk", '"password":true'),
    ),
    Shape(
        "Prometheus",
        YAML,
        "global:\n  scrape_interval: 15s\nscrape_configs:\n- job_name: node\n  basic_auth:\n    "
        "username: prom\n    password: pr0m\n  bearer_token: Kq3xV8mZ2rTw6LbNp0\n  bearer_token_file: "
        "/var/run/secrets/token\n",
        ("pr0m", "Kq3xV8mZ2rTw6LbNp0"),
        ("15s", "username: prom", "/var/run/secrets/token"),
    ),
    Shape(
        "Consul KV",
        JSON,
        '[{"LockIndex":0,"Key":"app/db/password","Flags":0,"Value":"aHVudGVyMjQ=","CreateIndex":15},'
        '{"Key":"app/db/host","Value":"ZGIudGVzdA==","CreateIndex":16}]',
        ("aHVudGVyMjQ=",),
        ("app/db/password", "ZGIudGVzdA==", "15"),
    ),
    Shape(
        "Vault KV",
        JSON,
        '{"data":{"data":{"user":"app","password":"v4ult","note":"rotated monthly"},'
        '"metadata":{"created_time":"2018-03-22T02:24:06.945319214Z","version":1}},"warnings":null}',
        ("v4ult",),
        ('"app"', "rotated monthly", "2018-03-22T02:24:06.945319214Z"),
    ),
    Shape(
        "GitHub secret scanning",
        JSON,
        '[{"number":2,"secret_type":"adafruit_io_key","secret_type_display_name":"Adafruit IO Key",'
        '"secret":"aio_XXXXXXXXXXXXXXXXXXXXXXXXXXXX","state":"resolved","resolution":"false_positive"}]',
        (),
        ("adafruit_io_key", "Adafruit IO Key", "false_positive"),
    ),
    Shape(
        "GitHub variables",
        JSON,
        '{"secrets":[{"name":"GIST_ID","created_at":"2019-08-10T14:59:22Z",'
        '"updated_at":"2020-01-10T14:59:22Z"},{"name":"DEPLOY_TOKEN_2024","visibility":"selected"}],"total_count":2}',
        (),
        ("GIST_ID", "2019-08-10T14:59:22Z", "DEPLOY_TOKEN_2024", "selected"),
    ),
    Shape(
        "GitLab job",
        JSON,
        '{"id":7,"token":"64_q3xV8mZ2rTw6LbNp0Zx","variables":[{"key":"CI_JOB_TOKEN",'
        '"value":"glcbt-64_q3xV8mZ2rTw6","public":false,"masked":true},{"key":"CI_COMMIT_SHA",'
        '"value":"9d8e1c0ab47f3e12a5b69d8e1c0ab47f3e12a5b6","public":true}],"runners_token":"GR1348941q3xV8mZ2rTw6"}',
        ("64_q3xV8mZ2rTw6LbNp0Zx", "glcbt-64_q3xV8mZ2rTw6", "GR1348941q3xV8mZ2rTw6"),
        ("9d8e1c0ab47f3e12a5b69d8e1c0ab47f3e12a5b6", '"CI_JOB_TOKEN"'),
    ),
    Shape(
        "Jenkins crumb",
        JSON,
        '{"_class":"hudson.security.csrf.DefaultCrumbIssuer","crumb":"9d8e1c0ab47f3e12a5b69d8e1c0ab47f",'
        '"crumbRequestField":"Jenkins-Crumb"}',
        (),
        ("hudson.security.csrf.DefaultCrumbIssuer", "Jenkins-Crumb"),
    ),
    Shape(
        "CircleCI",
        JSON,
        '{"items":[{"name":"AWS_SECRET","value":"xxxxx1234"},{"name":"NODE_ENV","value":"production"}],'
        '"next_page_token":"Kq3xV8mZ2rTw6LbNp0"}',
        (),
        ("production", "Kq3xV8mZ2rTw6LbNp0"),
    ),
    Shape(
        "Heroku config",
        JSON,
        '{"DATABASE_URL":"postgres://u1:p4ssw0rd9@ec2-1.test:5432/d1",'
        '"SECRET_KEY_BASE":"9d8e1c0ab47f3e12a5b69d8e1c0ab47f","RAILS_ENV":"production",'
        '"SENDGRID_API_KEY":"SG.x","LANG":"en_US.UTF-8"}',
        ("p4ssw0rd9", "9d8e1c0ab47f3e12a5b69d8e1c0ab47f", "SG.x"),
        ("ec2-1.test:5432/d1", "production", "en_US.UTF-8"),
    ),
    Shape(
        "DigitalOcean database",
        JSON,
        '{"database":{"id":"9cc10173-e9ea-4176-9dbc-a4cee4c4ff30",'
        '"connection":{"uri":"postgres://doadmin:wv78n3zpz42xezdk@backend.test:25060/db?sslmode=require",'
        '"user":"doadmin","password":"wv78n3zpz42xezdk","port":25060,"ssl":true}}}',
        ("wv78n3zpz42xezdk",),
        ("9cc10173-e9ea-4176-9dbc-a4cee4c4ff30", "sslmode=require", "doadmin", "25060"),
    ),
    Shape(
        "Wi-Fi settings",
        JSON,
        '{"ssid":"Home","security":"WPA2","psk":"home1234","passphrase":"our cat","hidden":false,"channel":11}',
        ("our cat",),
        ('"Home"', '"WPA2"', "11"),
    ),
    Shape(
        "Bluetooth and SIM",
        JSON,
        '{"pin":"0000","puk":"12345678","iccid":"8943021234567890123","imei":"490154203237518"}',
        ('"0000"',),
        ("8943021234567890123", "490154203237518"),
    ),
    Shape(
        "Door codes",
        JSON,
        '{"door_code":"4711#","access_code":"9921","passcode":"118","status":"armed"}',
        ('"118"',),
        ("armed",),
    ),
    Shape(
        "phpBB login",
        FORM,
        "username=ann&password=pw%26x&autologin=on&sid=9d8e1c0ab47f3e12a5b69d8e1c0ab47f&login=Login&"
        "form_token=b1c2d3e4f5a6978812ab34cd56ef9d8e1c0ab47f",
        ("pw%26x", "b1c2d3e4f5a6978812ab34cd56ef9d8e1c0ab47f"),
        ("username=ann", "autologin=on"),
    ),
    Shape(
        "WordPress",
        FORM,
        "log=ann&pwd=wppw&wp-submit=Log+In&redirect_to=https%3A%2F%2Fx.test%2Fwp-admin%2F&testcookie=1",
        ("wppw",),
        ("log=ann", "https%3A%2F%2Fx.test%2Fwp-admin%2F", "testcookie=1"),
    ),
    Shape(
        "WordPress application password",
        "header Authorization",
        "Basic YWRtaW46YWJjZCBFRkdIIDEyMzQ=",
        ("YWRtaW46YWJjZCBFRkdIIDEyMzQ=",),
    ),
    Shape(
        "multipart upload to S3",
        "multipart/form-data; boundary=b",
        '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nuploads/${filename}\r\n--b\r\nContent-D'
        'isposition: form-data; name="policy"\r\n\r\neyJleHBpcmF0aW9uIjoi\r\n--b\r\nContent-Disposition: '
        'form-data; name="x-amz-signature"\r\n\r\n4f9d8e1c0ab47f3e12a5b69d8e1c0ab47f\r\n--b\r\nContent-Di'
        'sposition: form-data; name="success_action_status"\r\n\r\n201\r\n--b--\r\n',
        ("4f9d8e1c0ab47f3e12a5b69d8e1c0ab47f",),
        ("uploads/${filename}", "201"),
    ),
    Shape(
        "login page in XHTML",
        HTML,
        '<html><body><form id="f" action="/login?next=/a"><input type="hidden" name="execution" '
        'value="e1s1"/><input type="hidden" name="lt" value="LT-17-q3xV8mZ2rTw6LbNp0"/><input '
        'name="_csrf" type="hidden" value="8b0a-q3xV8mZ2rTw6LbNp0"/><label for="password">'
        'Password</label><button name="token" value="go">Go</button></form></body></html>',
        ("8b0a-q3xV8mZ2rTw6LbNp0",),
        ("e1s1", "/login?next=/a", ">Password<", 'value="go"'),
    ),
    Shape(
        "RSS",
        "application/rss+xml",
        '<rss version="2.0"><channel><title>Security</title><item><title>Password tips</title><guid '
        'isPermaLink="false">q3xV8mZ2rTw6LbNp0</guid><link>https://x.test/tips?utm_source=rss</link>'
        "<category>token</category></item></channel></rss>",
        (),
        ("Password tips", "q3xV8mZ2rTw6LbNp0", "utm_source=rss", ">token<"),
    ),
    Shape(
        "SOAP with a session",
        XML,
        "<Envelope><Header><AuthHeader><UserName>ann</UserName><Password>s0ap</Password><AuthToken>"
        "q3xV8mZ2rTw6LbNp0</AuthToken></AuthHeader></Header><Body><GetKeys><KeyCount>3</KeyCount>"
        "</GetKeys></Body></Envelope>",
        ("s0ap", "q3xV8mZ2rTw6LbNp0"),
        (">ann<", ">3<"),
    ),
    Shape(
        "Spring error",
        JSON,
        '{"timestamp":"2024-01-31T08:09:10.000+00:00","status":400,"error":"Bad Request",'
        '"path":"/api/password/reset","message":"Invalid token: must not be blank"}',
        (),
        ("/api/password/reset", "Invalid token: must not be blank", "2024-01-31T08:09:10.000+00:00"),
    ),
    Shape(
        "zod errors",
        JSON,
        '{"issues":[{"code":"too_small","minimum":8,"type":"string","path":["password"],"message":"Too '
        'short"}],"fieldErrors":{"password":["Too short"],"pin":["Required"]}}',
        (),
        ("too_small", '["password"]', '["Too short"]', '"Required"'),
    ),
    Shape(
        "GraphQL errors",
        JSON,
        '{"errors":[{"message":"Wrong password","path":["login"],"extensions":{"code":"UNAUTHENTICATED",'
        '"exception":{"stacktrace":["at login (/app/src/password/check-password.js:12:3)"]}}}],"data":null}',
        (),
        ("Wrong password", "UNAUTHENTICATED", "check-password.js:12:3"),
    ),
    Shape(
        "Swagger form",
        JSON,
        '{"parameters":[{"name":"password","in":"formData","type":"string","required":true},'
        '{"name":"api_key","in":"header","type":"string","default":"special-key"}]}',
        (),
        ('"formData"', '"header"'),
    ),
    Shape(
        "HAL",
        JSON,
        '{"_links":{"self":{"href":"/orders?page=2"},"token":{"href":"https://api.test/oauth/token"},'
        '"password":{"href":"/users/1/password","templated":false}},"currentlyProcessing":14}',
        (),
        ("https://api.test/oauth/token", "/users/1/password", "/orders?page=2"),
    ),
    Shape(
        "LLM tool call",
        JSON,
        '{"choices":[{"finish_reason":"tool_calls","message":{"tool_calls":[{"id":"call_Kq3xV8mZ2rTw6",'
        '"function":{"name":"login","arguments":"{\\"user\\":\\"ann\\",\\"password\\":\\"t00l\\"}"}}]}}],'
        '"usage":{"prompt_tokens":"9007199254740993"}}',
        ("t00l",),
        ("call_Kq3xV8mZ2rTw6", '\\"ann\\"', "9007199254740993"),
    ),
    Shape(
        "embeddings and tokens",
        JSON,
        '{"model":"e-3","data":[{"index":0,"embedding":[0.1,-0.2]}],"tokens":[[101,'
        '"Kq3xV8mZ2rTw6LbNp0"]],"stop_token":"<|im_end|>x9ZbT2xLk7","token_count":12}',
        (),
        ("<|im_end|>x9ZbT2xLk7", "0.1", '"token_count":12'),
    ),
    Shape(
        "LaunchDarkly",
        JSON,
        '{"$flagsState":{},"items":[{"key":"enable-sso-2024-q1-rollout","name":"Enable SSO","_version":3,'
        '"environments":{"production":{"_site":"x","fallthrough":{"variation":1}}},'
        '"clientSideAvailability":{"usingMobileKey":true}}],"apiKey":"sdk-q3xV8mZ2",'
        '"mobileKey":"mob-d8e1c0ab-47f3-4e12-a5b6-9d8e1c0ab47f"}',
        ("sdk-q3xV8mZ2", "mob-d8e1c0ab-47f3-4e12-a5b6-9d8e1c0ab47f"),
        ("enable-sso-2024-q1-rollout", "Enable SSO", '"_version":3'),
    ),
    Shape(
        "Contentful",
        JSON,
        '{"sys":{"type":"Array"},"items":[{"sys":{"id":"5KsDBWseXY6QegucYAoacS","type":"Entry"},'
        '"fields":{"key":"homepage.hero.title","token":"color-primary-500","value":"#ff0000"}}]}',
        (),
        ("5KsDBWseXY6QegucYAoacS", "homepage.hero.title", "color-primary-500", "#ff0000"),
    ),
    Shape(
        "design tokens",
        JSON,
        '{"tokens":{"color":{"primary":{"value":"#3b82f6","token":"--ds-color-blue-500"}},'
        '"spacing":{"sm":"4px"}},"secret":{"shade":"dark"}}',
        (),
        ("#3b82f6", "--ds-color-blue-500", "4px", '"dark"'),
    ),
    Shape(
        "flight",
        JSON,
        '{"pnr":"X7K2M9","boarding_pass":"M1LEE/ANN ABC123","gate_code":"B17","airline_code":"OS",'
        '"pin_code":"8010","ticket":{"number":"2572412345678"}}',
        (),
        ("X7K2M9", "M1LEE/ANN ABC123", "B17", '"OS"', "2572412345678"),
    ),
    Shape(
        "weather",
        "target",
        "/data/2.5/weather?q=Graz&appid=9d8e1c0ab47f3e12a5b69d8e1c0ab47f&units=metric&lang=de",
        (),
        ("q=Graz", "units=metric"),
    ),
    Shape(
        "signed CloudFront",
        "target",
        "/v.mp4?Expires=1706688550&Signature=q3xV8mZ2rTw6LbNp0Zx9bQ~2mT7pLk&Key-Pair-Id=K2JCJMDEHXQW5F",
        ("q3xV8mZ2rTw6LbNp0Zx9bQ~2mT7pLk",),
        ("Expires=1706688550", "K2JCJMDEHXQW5F"),
    ),
    Shape(
        "magic link",
        "target",
        "/auth/v1/verify?token=9d8e1c0ab47f3e12a5b69d8e1c0ab47f&type=magiclink&redirect_to=https://app.test",
        ("9d8e1c0ab47f3e12a5b69d8e1c0ab47f",),
        ("type=magiclink", "https://app.test"),
    ),
    Shape(
        "calendar feed",
        "target",
        "/calendar/ical/ann%40shop.test/private-9d8e1c0ab47f3e12a5b69d8e1c0ab47f/basic.ics",
        (),
        ("ann%40shop.test", "basic.ics"),
    ),
    Shape(
        "properties file",
        TEXT,
        "spring.datasource.url=jdbc:postgresql://db.test/shop\nspring.datasource.username=app\nspring.dat"
        "asource.password=dspw1\njwt.secret=q3xV8mZ2rTw6LbNp0\nserver.port=8080\nspring.security.oauth2.c"
        "lient.registration.g.scope=openid\n",
        ("dspw1", "q3xV8mZ2rTw6LbNp0"),
        ("jdbc:postgresql://db.test/shop", "=app", "8080", "scope=openid"),
    ),
    Shape(
        "TOML",
        TEXT,
        '[database]\nuser = "app"\npassword = "t0ml"\n[auth]\ntoken = "q3xV8mZ2rTw6LbNp0"\nenabled = '
        'true\n[package]\nname = "secret-service"\nversion = "3.0.1"\n',
        ("t0ml", "q3xV8mZ2rTw6LbNp0"),
        ('"app"', "secret-service", '"3.0.1"'),
    ),
    Shape(
        "AWS credentials file",
        TEXT,
        "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLF\naws_secret_access_key = "
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\nregion = eu-west-1\n",
        ("AKIAIOSFODNN7EXAMPLF", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("region = eu-west-1",),
    ),
    Shape(
        "netrc", TEXT, "machine api.test\nlogin ann\npassword n3trc\n", ("n3trc",), ("machine api.test", "login ann")
    ),
    Shape(
        "README",
        "text/markdown",
        "# Password manager\n\nStore your token in `.env`:\n\n    TOKEN=your-token-here\n\nThe key: "
        "value pairs are read. See https://x.test/docs?section=tokens.\n",
        (),
        ("TOKEN=your-token-here", "The key: value pairs are read", "section=tokens"),
    ),
    Shape(
        "CSS",
        "text/css",
        ".token.keyword{color:#07a}.token.string{content:'Kq3x'}input[name=password]{border:0}a[href*='key=']{}",
        (),
        (".token.keyword{color:#07a}", "content:'Kq3x'", "[name=password]"),
    ),
    Shape(
        "JavaScript",
        "application/javascript",
        'const token=getToken();var cfg={apiKey:"AIzaSyD4b8QmX2v7Tn3LpRw9KcJ5fHs6GyUeZ0a",'
        'authDomain:"x.firebaseapp.test",password:"Password required"};if(e.key==="Enter"){submit()}',
        ("AIzaSyD4b8QmX2v7Tn3LpRw9KcJ5fHs6GyUeZ0a",),
        ("x.firebaseapp.test", "Password required", '"Enter"'),
    ),
    Shape(
        "examples of the AWS SDK",
        JSON,
        '{"ClientRequestToken":"a8ca07e4-61ec-4399-99f4-19853801bcd5","ChangeToken":"abcd12f2-46da-4fdb-b8d5-fbd4c466928f",'
        '"S3Key":"my-app/22a0-stage-150819_185942","SecretId":"MyTestDatabaseSecret","DkimTokens":["EXAMPLEjcs5xoyqytjsotsij"],'
        '"KeyStorePassword":"kmsPswd","NewPassword":"]35d/{pB9Fo9wJ","ActivationKey":"29AV1-3OFV9-VVIUB-NKT0I-LRO6V",'
        '"IAMUserChangePassword":"arn:aws:iam::aws:policy/IAMUserChangePassword"}',
        ("kmsPswd", "]35d/{pB9Fo9wJ", "29AV1-3OFV9-VVIUB-NKT0I-LRO6V"),
        (
            *("a8ca07e4-61ec-4399-99f4-19853801bcd5", "abcd12f2-46da-4fdb-b8d5-fbd4c466928f"),
            *("my-app/22a0-stage-150819_185942", "MyTestDatabaseSecret", "EXAMPLEjcs5xoyqytjsotsij"),
            "arn:aws:iam::aws:policy/IAMUserChangePassword",
        ),
    ),
    Shape(
        "documentation of a program in HTML",
        HTML,
        '<!DOCTYPE html><html><body><a class="mark" href="#pairprivatekey" id="pairprivatekey">#</a>'
        "<code>process.report.reportOnFatalError</code><code>http2session.alpnProtocol</code></body></html>",
        (),
        ('id="pairprivatekey">#<', "process.report.reportOnFatalError", "http2session.alpnProtocol"),
    ),
    Shape(
        "source of a program",
        TEXT,
        "class Login:\n    self.key_password = key_password\n    pwd = os.getcwd()\n    get: kEnumerableProperty,\n    "
        "password: readPassword(),\n",
        (),
        ("= key_password", "os.getcwd()", "kEnumerableProperty", "readPassword()"),
    ),
    Shape(
        "private JSON web keys",
        JSON,
        '{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","d":"870MB6gfuTJ4HtUnUvYMyJpr5",'
        '"use":"enc","kid":"1"},{"k":"GawgguFyGrWKav7AX4VKUg","kty":"oct","alg":"A128KW"}],"page":{"k":"v-1","p":"2","d":"x"}}',
        ("870MB6gfuTJ4HtUnUvYMyJpr5", "GawgguFyGrWKav7AX4VKUg"),
        ("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", '"P-256"', '"A128KW"', '"v-1"', '"p":"2"'),
    ),
)
