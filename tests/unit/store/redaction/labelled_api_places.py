"""More labelled places, from the documentation of public APIs and from common formats; the values are made up."""

from __future__ import annotations

from tests.unit.store.redaction.labelled_places import FORM, HTML, JSON, TEXT, XML, YAML, Shape

NDJSON, EVENTS, GRAPHQL = "application/x-ndjson", "text/event-stream", "application/graphql"

API_SHAPES = (
    # Payments
    Shape(
        "Stripe payment intent",
        JSON,
        '{"id":"pi_3MtwBwLkdIwHu7ix28a3tqPa","object":"payment_intent","amount":2000,"currency":"usd",'
        '"client_secret":"pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8HVhfZluoGH","created":1680800504,'
        '"payment_method":"pm_1MtwBwLkdIwHu7ixK9d8","customer":"cus_9s6XKzkNRiz8i3","livemode":false}',
        ("_secret_YrKJUKribcBjcG8HVhfZluoGH",),
        ('"id":"pi_3MtwBwLkdIwHu7ix28a3tqPa"', "pm_1MtwBwLkdIwHu7ixK9d8", "cus_9s6XKzkNRiz8i3", "1680800504", '"usd"'),
    ),
    Shape(
        "Stripe card and token",
        FORM,
        "card[number]=4242424242424242&card[exp_month]=8&card[exp_year]=2031&card[cvc]=314&card[name]=Ann+Lee",
        ("cvc]=314",),
        ("exp_month]=8", "exp_year]=2031", "Ann+Lee"),
    ),
    Shape(
        "Stripe price list",
        JSON,
        '{"object":"list","has_more":true,"data":[{"id":"price_1MoBy5LkdIwHu7ixZhnattbh","unit_amount_decimal":"1000",'
        '"lookup_key":"standard_monthly_2024","recurring":{"interval":"month"},'
        '"metadata":{"key":"summer-sale-2024-a1"}}]}',
        (),
        ("price_1MoBy5LkdIwHu7ixZhnattbh", "standard_monthly_2024", "summer-sale-2024-a1", '"1000"'),
    ),
    Shape(
        "Stripe webhook endpoint",
        JSON,
        '{"id":"we_1Mr5jULkdIwHu7ix1ibLTM0x","object":"webhook_endpoint",'
        '"secret":"whsec_wRNftLajMZNeslQOP6vEPm4iVx5NlZ6z",'
        '"url":"https://example.com/my/webhook","status":"enabled"}',
        ("whsec_wRNftLajMZNeslQOP6vEPm4iVx5NlZ6z",),
        ("we_1Mr5jULkdIwHu7ix1ibLTM0x", "https://example.com/my/webhook"),
    ),
    Shape(
        "Stripe signature field",
        "header Stripe-Signature",
        "t=1492774577,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
        ("5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",),
    ),
    Shape(
        "PayPal token",
        JSON,
        '{"scope":"https://uri.paypal.test/services/invoicing openid","access_token":"A21AAFEpH4PsADK7qSS7pSRsgz",'
        '"token_type":"Bearer","app_id":"APP-80W284485P519543T","expires_in":31668,'
        '"nonce":"2020-04-03T15:35:36ZaYZlGvEk"}',
        ("A21AAFEpH4PsADK7qSS7pSRsgz",),
        ("APP-80W284485P519543T", '"Bearer"', "31668", "https://uri.paypal.test/services/invoicing openid"),
    ),
    # Code hosting, chat, mail, telephony
    Shape(
        "GitHub installation token",
        JSON,
        '{"token":"ghs_16C7e42F292c6912E7710c838347Ae178B4a","expires_at":"2016-07-11T22:14:10Z",'
        '"permissions":{"issues":"write","contents":"read"},"repository_selection":"selected"}',
        ("ghs_16C7e42F292c6912E7710c838347Ae178B4a",),
        ("2016-07-11T22:14:10Z", '"issues":"write"', '"selected"'),
    ),
    Shape(
        "GitHub deploy keys",
        JSON,
        '[{"id":1,"key":"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7","url":"https://api.github.test/repos/o/r/keys/1",'
        '"title":"octocat@octomac","verified":true,"read_only":true}]',
        (),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7", "octocat@octomac"),
    ),
    Shape(
        "GitHub Actions public key and secret",
        JSON,
        '{"key_id":"012345678912345678","key":"2Sg8iYjAxxmI2LvUXpJjkYrMxURPc8r+dB7TJyvv1234",'
        '"encrypted_value":"c2VjcmV0"}',
        (),
        ("012345678912345678",),
    ),
    Shape(
        "GitHub commit",
        JSON,
        '{"sha":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d","node_id":"MDY6Q29tbWl0N2ZkMWE2MGIwMWY5MWIzMTRm",'
        '"verification":{"verified":false,"reason":"unsigned","signature":null},"key":"mit-license-2"}',
        (),
        ("7fd1a60b01f91b314f59955a4e4d4e80d8edf11d", "MDY6Q29tbWl0N2ZkMWE2MGIwMWY5MWIzMTRm", "unsigned"),
    ),
    Shape(
        "Slack OAuth v2",
        JSON,
        '{"ok":true,"access_token":"xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzzqgy","token_type":"bot",'
        '"scope":"commands,incoming-webhook","bot_user_id":"U0KRQLJ9H","app_id":"A0KRD7HC3",'
        '"team":{"name":"Softbox","id":"T9TK3CUKW"},"incoming_webhook":{"channel":"#ops",'
        '"url":"https://hooks.slack.test/services/T9TK3CUKW/B0KRQLJ9H/aBcD3fGhIjKlMnOpQrStUvWx"}}',
        ("xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzzqgy", "aBcD3fGhIjKlMnOpQrStUvWx"),
        ("U0KRQLJ9H", "A0KRD7HC3", "T9TK3CUKW", "commands,incoming-webhook"),
    ),
    Shape(
        "Slack slash command",
        FORM,
        "token=gIkuvaNzQIHg97ATvDxqgjtO&team_id=T0001&command=%2Fweather&text=94070"
        "&trigger_id=13345224609.738474920.8088930838d88f008e0",
        ("gIkuvaNzQIHg97ATvDxqgjtO",),
        ("T0001", "%2Fweather", "94070", "13345224609.738474920.8088930838d88f008e0"),
    ),
    Shape(
        "Slack list of messages",
        JSON,
        '{"ok":true,"messages":[{"type":"message","text":"the token is in the vault","ts":"1512085950.000216"}],'
        '"response_metadata":{"next_cursor":"bmV4dF90czoxNTEyMDg1ODYxMDAwNTQz"}}',
        (),
        ("the token is in the vault", "1512085950.000216", "bmV4dF90czoxNTEyMDg1ODYxMDAwNTQz"),
    ),
    Shape(
        "Twilio account",
        JSON,
        '{"sid":"AC4bf2dafb92341f7caf8650403e422d23","auth_token":"1f7c9e0d2b3a4c5d6e7f8a9b0c1d2e3f",'
        '"friendly_name":"My account","status":"active","date_created":"Thu, 30 Jul 2015 20:00:00 +0000"}',
        ("1f7c9e0d2b3a4c5d6e7f8a9b0c1d2e3f",),
        ("AC4bf2dafb92341f7caf8650403e422d23", "My account", "Thu, 30 Jul 2015 20:00:00 +0000"),
    ),
    Shape(
        "Twilio page",
        JSON,
        '{"next_page_uri":"/2010-04-01/Accounts/AC4b/Messages.json?PageSize=2&Page=1&'
        'PageToken=PASMc49f620580b24424bcfa885",'
        '"page":0,"page_size":2}',
        (),
        ("PASMc49f620580b24424bcfa885", "PageSize=2"),
    ),
    Shape(
        "Twilio Verify check",
        FORM,
        "To=%2B15017122661&Code=123456&ServiceSid=VA4bf2dafb92341f7caf8650403e422d23",
        (),
        ("%2B15017122661", "VA4bf2dafb92341f7caf8650403e422d23"),
    ),
    Shape(
        "SMTP settings of a mail service",
        JSON,
        '{"smtp_server":"smtp.mail.test","smtp_port":"587","smtp_login":"postmaster@mail.test",'
        '"smtp_password":"k3ypass",'
        '"dkim":{"selector":"pic","public_key":"k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKB"},"state":"active"}',
        ("k3ypass",),
        ("smtp.mail.test", '"587"', "postmaster@mail.test", "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKB"),
    ),
    # Clouds
    Shape(
        "S3 list of parts",
        XML,
        '<?xml version="1.0" encoding="UTF-8"?><ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        "<Bucket>example</Bucket><Key>reports/q1Zx9bQ2mT7pLk4VnR8sWc.csv</Key>"
        "<UploadId>XXBsb2FkIElEIGZvciBlbHZpbmcncyVcdS1tb3ZpZS5tMnRzEEEwbG9hZA</UploadId>"
        "<StorageClass>STANDARD</StorageClass><PartNumberMarker>1</PartNumberMarker></ListPartsResult>",
        (),
        (
            "reports/q1Zx9bQ2mT7pLk4VnR8sWc.csv",
            "XXBsb2FkIElEIGZvciBlbHZpbmcncyVcdS1tb3ZpZS5tMnRzEEEwbG9hZA",
            "STANDARD",
        ),
    ),
    Shape(
        "S3 list of objects",
        XML,
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>quotes</Name>'
        "<IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>"
        "<Contents><Key>Zx9bQ2mT7pLk4VnR8sWc1A.bin</Key><ETag>&quot;fba9dede5f27731c9771645a39863328&"
        "quot;</ETag></Contents>"
        "</ListBucketResult>",
        (),
        (
            "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=",
            "<Key>Zx9bQ2mT7pLk4VnR8sWc1A.bin</Key>",
            "fba9dede5f27731c9771645a39863328",
        ),
    ),
    Shape(
        "S3 error",
        XML,
        "<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature does not match</Message>"
        "<AWSAccessKeyId>AKIAIOSFODNN7EXAMPLF</AWSAccessKeyId>"
        "<SignatureProvided>3VlLZ9bQ2mT7pLk4VnR8sWc1AxQ=</SignatureProvided><RequestId>"
        "4442587FB7D0A2F9</RequestId></Error>",
        ("AKIAIOSFODNN7EXAMPLF",),
        ("SignatureDoesNotMatch", "The request signature does not match", "4442587FB7D0A2F9"),
    ),
    Shape(
        "S3 request id fields",
        "header X-Amz-Id-2",
        "Ef8yU9AS1ed4OpIszj7UDNEHGran3HMnNyXUEYX2pZo=",
        (),
        ("Ef8yU9AS1ed4OpIszj7UDNEHGran3HMnNyXUEYX2pZo=",),
    ),
    Shape(
        "session token field",
        "header X-Amz-Security-Token",
        "FwoGZXIvYXdzEJr//////////wEaDKq3xV8mZ2rTw6LbN",
        ("FwoGZXIvYXdzEJr//////////wEaDKq3xV8mZ2rTw6LbN",),
    ),
    Shape(
        "STS query",
        FORM,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=app1"
        "&WebIdentityToken=Atza%7CIQEBLjAsAhRFiXuWpUXuRvQ9PZL3GMFcYev&DurationSeconds=3600",
        ("Atza%7CIQEBLjAsAhRFiXuWpUXuRvQ9PZL3GMFcYev",),
        ("AssumeRoleWithWebIdentity", "2011-06-15", "app1", "3600"),
    ),
    Shape(
        "IAM create access key",
        XML,
        "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>bob</UserName>"
        "<AccessKeyId>AKIAIOSFODNN7EXAMPLG</AccessKeyId><Status>Active</Status>"
        "<SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey></AccessKey>"
        "</CreateAccessKeyResult>"
        "<ResponseMetadata><RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId></ResponseMetadata>"
        "</CreateAccessKeyResponse>",
        ("AKIAIOSFODNN7EXAMPLG", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"),
        ("<UserName>bob", "<Status>Active", "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE"),
    ),
    Shape(
        "AWS Secrets Manager",
        "application/x-amz-json-1.1",
        '{"ARN":"arn:aws:secretsmanager:us-west-2:123456789012:secret:MyTestDatabaseSecret-a1b2c3",'
        '"Name":"MyTestDatabaseSecret","SecretString":"{\\"user\\":\\"diegor\\",'
        '\\"password\\":\\"EXAMPLE-PASSWORD\\"}",'
        '"VersionId":"a1b2c3d4-5678-90ab-cdef-EXAMPLE11111","VersionStages":["AWSCURRENT"]}',
        ("EXAMPLE-PASSWORD",),
        ("MyTestDatabaseSecret", "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111", "AWSCURRENT"),
    ),
    Shape(
        "Cognito",
        "application/x-amz-json-1.1",
        '{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"1example23456789","AuthParameters":{"USERNAME":"ann",'
        '"PASSWORD":"Pa55","SECRET_HASH":"Kq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk4VnR8sWc1A8Yw="}}',
        ("Pa55", "Kq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk4VnR8sWc1A8Yw="),
        ("USER_PASSWORD_AUTH", "1example23456789", '"ann"'),
    ),
    Shape(
        "DynamoDB item",
        "application/x-amz-json-1.0",
        '{"Key":{"ForumName":{"S":"Amazon DynamoDB Zx9bQ2"},"id":{"S":"q1Zx9bQ2mT7pLk4VnR8sWc"}},'
        '"LastEvaluatedKey":{"id":{"S":"b7Qm9ZbT2xLk7VnR4sWc8B"}},'
        '"ExclusiveStartKey":{"pk":{"S":"u#Qm9ZbT2xLk7VnR4s"}}}',
        (),
        ("q1Zx9bQ2mT7pLk4VnR8sWc", "b7Qm9ZbT2xLk7VnR4sWc8B", "u#Qm9ZbT2xLk7VnR4s", "Amazon DynamoDB Zx9bQ2"),
    ),
    Shape(
        "Azure AD token",
        JSON,
        '{"token_type":"Bearer","scope":"User.Read profile openid","expires_in":3599,"ext_expires_in":3599,'
        '"access_token":"EwB4A8l6BAAURSN/FHlDW5xN74t6GzbtsBBeBUYAAZ","refresh_token":"M.C507_BL2.0.U.-Cqp4PVs8s7UKtm",'
        '"foci":"1","correlation_id":"f7b3c1c4-1234-4a5b-9c8d-aaaaaaaaaaaa"}',
        ("EwB4A8l6BAAURSN/FHlDW5xN74t6GzbtsBBeBUYAAZ", "M.C507_BL2.0.U.-Cqp4PVs8s7UKtm"),
        ("User.Read profile openid", "3599", "f7b3c1c4-1234-4a5b-9c8d-aaaaaaaaaaaa"),
    ),
    Shape(
        "Azure storage keys",
        JSON,
        '{"keys":[{"keyName":"key1","value":"Zx9bQ2mT7pLk4VnR8sWc1AKq3xV8mZ2rTw6LbNp0aQ==","permissions":"FULL"}]}',
        ("Zx9bQ2mT7pLk4VnR8sWc1AKq3xV8mZ2rTw6LbNp0aQ==",),
        ('"key1"', '"FULL"'),
    ),
    Shape(
        "Azure connection string",
        JSON,
        '{"name":"store","connectionString":"DefaultEndpointsProtocol=https;AccountName=shop;'
        'AccountKey=Zx9bQ2mT7pLk4VnR8sWc1AKq3xV8mZ2rTw6LbNp0aQ==;EndpointSuffix=core.test"}',
        ("Zx9bQ2mT7pLk4VnR8sWc1AKq3xV8mZ2rTw6LbNp0aQ==",),
        ("AccountName=shop", "EndpointSuffix=core.test", "DefaultEndpointsProtocol=https"),
    ),
    Shape(
        "shared access signature",
        "target",
        "/c/b?sv=2019-02-02&st=2019-04-29T22%3A18%3A26Z&sr=b&sp=rw&sig=koLniLcK0tMLuMfYeuSQwB%2FBLnWhabmC87bqRe0",
        ("koLniLcK0tMLuMfYeuSQwB%2FBLnWhabmC87bqRe0",),
        ("sv=2019-02-02", "st=2019-04-29T22%3A18%3A26Z", "sp=rw"),
    ),
    Shape(
        "Google service account",
        JSON,
        '{"type":"service_account","project_id":"demo-17","private_key_id":"9d8e1c0ab47f3e12a5b69d8e1c0ab47f3e12a5b6",'
        '"private_key":"-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\n-----END PRIVATE KEY-----\\n",'
        '"client_email":"ci@demo-17.iam.test","client_id":"110000000000000000001",'
        '"token_uri":"https://oauth2.test/token","universe_domain":"googleapis.test"}',
        ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",),
        ("demo-17", "ci@demo-17.iam.test", "110000000000000000001", "https://oauth2.test/token"),
    ),
    Shape(
        "Firebase sign-in",
        JSON,
        '{"kind":"identitytoolkit#VerifyPasswordResponse","localId":"ZY1rJK0eYLg8Kq3xV8mZ2rTw6LbN",'
        '"email":"ann@shop.test",'
        '"idToken":"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJaWTFySksifQ.c2lnbmF0dXJl",'
        '"refreshToken":"AEu4IL3Zx9bQ2mT7pLk4VnR8sWc",'
        '"expiresIn":"3600","registered":true}',
        ("eyJzdWIiOiJaWTFySksifQ", "AEu4IL3Zx9bQ2mT7pLk4VnR8sWc"),
        ("identitytoolkit#VerifyPasswordResponse", "ZY1rJK0eYLg8Kq3xV8mZ2rTw6LbN", '"3600"'),
    ),
    Shape(
        "Firebase Cloud Messaging",
        JSON,
        '{"message":{"token":"bk3RNwTe3H0:CI2k_HHwgIpoDKCIZvvDMExUdFQ3P1","notification":{"title":"New token",'
        '"body":"Your password was changed"},"android":{"collapse_key":"score_update","priority":"high"}}}',
        ("bk3RNwTe3H0:CI2k_HHwgIpoDKCIZvvDMExUdFQ3P1",),
        ("New token", "Your password was changed", "score_update"),
    ),
    Shape(
        "Google Drive changes",
        JSON,
        '{"kind":"drive#changeList","newStartPageToken":"2873Kq3xV8mZ2rTw6","nextPageToken":"~!!~Kq3xV8mZ2rTw6LbN",'
        '"changes":[{"fileId":"1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms","resourceKey":"0-Kq3xV8mZ2rTw6LbNp"}]}',
        (),
        ("2873Kq3xV8mZ2rTw6", "~!!~Kq3xV8mZ2rTw6LbN", "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"),
    ),
    # Infrastructure
    Shape(
        "Vault login",
        JSON,
        '{"request_id":"f4f90cb1-a1e3-8d9e-4a7d-0e1f2d3c4b5a","lease_id":"","renewable":false,"data":null,"auth":'
        '{"client_token":"hvs.CAESIKq3xV8mZ2rTw6LbNp0Zx9bQ2mT7","accessor":"SmDmbTZq3xV8mZ2rTw6LbNp0",'
        '"policies":["default"],'
        '"token_policies":["default","ops"],"lease_duration":3600,"token_type":"service","num_uses":0}}',
        ("hvs.CAESIKq3xV8mZ2rTw6LbNp0Zx9bQ2mT7",),
        ("f4f90cb1-a1e3-8d9e-4a7d-0e1f2d3c4b5a", '["default","ops"]', '"service"'),
    ),
    Shape(
        "Vault unseal",
        JSON,
        '{"keys":["02f3f9a1c2d3e4b5a6978812ab34cd56ef"],"keys_base64":["AvP5ocLT5LWml4gSqzTNVu8="],'
        '"root_token":"s.Zx9bQ2mT7pLk4VnR8sWc1A2b","sealed":false,"t":3,"n":5,"progress":1,"version":"1.15.2"}',
        ("02f3f9a1c2d3e4b5a6978812ab34cd56ef", "AvP5ocLT5LWml4gSqzTNVu8=", "s.Zx9bQ2mT7pLk4VnR8sWc1A2b"),
        ('"1.15.2"', '"progress":1'),
    ),
    Shape("Vault token field", "header X-Vault-Token", "hvs.dev", (), ()),
    Shape(
        "Kubernetes service account token request",
        JSON,
        '{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1",'
        '"spec":{"audiences":["https://kubernetes.test"],'
        '"expirationSeconds":3607},"status":{"token":"eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOlsieCJdfQ.c2ln",'
        '"expirationTimestamp":"2024-02-01T10:00:00Z"}}',
        ("eyJhdWQiOlsieCJdfQ",),
        ("https://kubernetes.test", "3607", "2024-02-01T10:00:00Z"),
    ),
    Shape(
        "Kubernetes pod",
        JSON,
        '{"kind":"Pod","spec":{"automountServiceAccountToken":true,'
        '"imagePullSecrets":[{"name":"registry-login-2024a"}],'
        '"containers":[{"env":[{"name":"DB_PASSWORD",'
        '"valueFrom":{"secretKeyRef":{"name":"db-access-7f9c4d2b1a","key":"pw"}}}'
        ',{"name":"API_TOKEN","value":"Kq3xV8mZ2rTw6LbNp0"}]}],'
        '"volumes":[{"secret":{"secretName":"tls-cert-5d8f7c6b4a"}}],'
        '"tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists"}]}}',
        ("Kq3xV8mZ2rTw6LbNp0",),
        (
            *("registry-login-2024a", "db-access-7f9c4d2b1a", '"pw"', "tls-cert-5d8f7c6b4a"),
            *("node.kubernetes.io/not-ready", '"DB_PASSWORD"'),
        ),
    ),
    Shape(
        "Kubernetes list of secrets",
        JSON,
        '{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"1452"},"items":[{"metadata":'
        '{"name":"ca","uid":"cafe0000-1111-4222-8333-444455556666"},"data":{"pw":"aHVudGVyMg=="},"type":"Opaque"}]}',
        ("aHVudGVyMg==",),
        ('"1452"', "cafe0000-1111-4222-8333-444455556666", '"Opaque"'),
    ),
    Shape(
        "Kubernetes list page",
        JSON,
        '{"kind":"PodList","metadata":{"continue":"eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTB9","remainingItemCount":7},'
        '"items":[]}',
        (),
        ("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTB9",),
    ),
    Shape(
        "kubeconfig",
        YAML,
        "apiVersion: v1\nkind: Config\nclusters:\n- name: prod\n  cluster:\n    server: https://10.0.0.1:6443\n"
        "users:\n- name: ann\n  user:\n    token: Kq3xV8mZ2rTw6LbNp0Zx9b\n    client-key-data: "
        "LS0tLS1CRUdJTiBSU0EgUFJJVkFURQ==\n"
        "- name: bob\n  user:\n    username: bob\n    password: 'tr0ub4dor'\ncurrent-context: prod\n",
        ("Kq3xV8mZ2rTw6LbNp0Zx9b", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURQ==", "tr0ub4dor"),
        ("https://10.0.0.1:6443", "username: bob", "current-context: prod"),
    ),
    Shape(
        "Docker config",
        JSON,
        '{"auths":{"https://index.docker.test/v1/":{"auth":"YW5uOmh1bnRlcjI0MjQ="},"ghcr.test":{"auth":"Ym9iOnRpZ2Vy",'
        '"identitytoken":"9cbafc023786cd7Kq3xV8mZ2"}},"HttpHeaders":{"User-Agent":"Docker-Client/19.03.12"},'
        '"credsStore":"osxkeychain"}',
        ("YW5uOmh1bnRlcjI0MjQ=", "Ym9iOnRpZ2Vy", "9cbafc023786cd7Kq3xV8mZ2"),
        ("https://index.docker.test/v1/", "Docker-Client/19.03.12", '"osxkeychain"'),
    ),
    Shape(
        "Docker registry token",
        JSON,
        '{"token":"djIuKq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk","access_token":"djIuKq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk",'
        '"expires_in":300,"issued_at":"2024-01-31T08:09:10.123456789Z"}',
        ("djIuKq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk",),
        ("2024-01-31T08:09:10.123456789Z",),
    ),
    Shape(
        "Docker registry challenge",
        "header WWW-Authenticate",
        'Bearer realm="https://auth.docker.test/token",service="registry.docker.test",'
        'scope="repository:samalba/my-app:pull"',
        (),
        ("https://auth.docker.test/token", "registry.docker.test", "repository:samalba/my-app:pull"),
    ),
    Shape(
        "Docker manifest",
        "application/vnd.docker.distribution.manifest.v2+json",
        '{"schemaVersion":2,"config":{"digest":"sha256:b5b2b2c507a0944348e0303114d8d93aaaa081732b86451d9b'
        'ce1f432a537bc7",'
        '"size":7023},"layers":[{"digest":"sha256:e692418e4cbaf90ca69d05a66403747baa33ee08806650b51fab815ad7fc331f"}]}',
        (),
        ("b5b2b2c507a0944348e0303114d8d93aaaa081732b86451d9bce1f432a537bc7", "7023"),
    ),
    Shape(
        "npm login",
        JSON,
        '{"_id":"org.couchdb.user:ann","name":"ann","password":"pw1","email":"ann@shop.test","type":"user","roles":[],'
        '"date":"2024-01-31T08:09:10.123Z"}',
        ('"pw1"',),
        ("org.couchdb.user:ann", "ann@shop.test", "2024-01-31T08:09:10.123Z"),
    ),
    Shape(
        ".npmrc",
        TEXT,
        "registry=https://registry.npm.test/\n//registry.npm.test/:_authToken=npm_Kq3xV8mZ2rTw6LbNp0Zx9bQ"
        "2mT7pLk4VnR8s\n"
        "//own.test/:_authToken=a1b2c3d4-e5f6-4788-99aa-bbccddeeff00\n//own.test/:_password=aHVudGVyMg=="
        "\nalways-auth=true\n",
        ("npm_Kq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk4VnR8s", "a1b2c3d4-e5f6-4788-99aa-bbccddeeff00", "aHVudGVyMg=="),
        ("registry=https://registry.npm.test/", "always-auth=true"),
    ),
    Shape(
        "package lock",
        JSON,
        '{"packages":{"node_modules/cookie":{"version":"0.7.2",'
        '"resolved":"https://registry.npm.test/cookie/-/cookie-0.7.2.tgz",'
        '"integrity":"sha512-yki5XnKuf750l50uGTllt6kKILY4nQ1eNIQatoXEByZ5dWgnKqbnqmTrBE5B4N7lrMJKQ2ytWMiT'
        'O2o0v6Ew/w=="},'
        '"node_modules/jsonwebtoken":{"version":"9.0.2","license":"MIT"}},'
        '"dependencies":{"token-types":"^6.0.0-rc.2024.1",'
        '"secret":"npm:real-secret@4.1.0-beta"}}',
        (),
        (
            *(
                '"0.7.2"',
                "sha512-yki5XnKuf750l50uGTllt6kKILY4nQ1eNIQatoXEByZ5dWgnKqbnqmTrBE5B4N7lrMJKQ2ytWMiTO2o0v6Ew/w==",
            ),
            *('"9.0.2"', "^6.0.0-rc.2024.1"),
        ),
    ),
    Shape(
        "Terraform state",
        JSON,
        '{"version":4,"terraform_version":"1.7.0","serial":12,'
        '"lineage":"d2f3a9c1-7b6e-4c5d-8a9b-0c1d2e3f4a5b","outputs":'
        '{"db_password":{"value":"hunter2!","type":"string","sensitive":true}},"resources":[{"type":"aws_db_instance",'
        '"name":"main","instances":[{"attributes":{"id":"db-QMZX9","password":"s3cr3t-pw","username":"root",'
        '"storage_encrypted":true,"kms_key_id":"arn:aws:kms:eu-west-1:123456789012:key/abcd-1234"}}]}]}',
        ("hunter2!", "s3cr3t-pw"),
        (
            *("d2f3a9c1-7b6e-4c5d-8a9b-0c1d2e3f4a5b", '"type":"string"', "db-QMZX9", '"root"', '"aws_db_instance"'),
            "arn:aws:kms:eu-west-1:123456789012:key/abcd-1234",
        ),
    ),
    Shape(
        ".env file",
        TEXT,
        "APP_NAME=Shop\nAPP_KEY=base64:Zx9bQ2mT7pLk4VnR8sWc1AKq3xV8mZ2rTw6LbN0=\nDB_HOST=127.0.0.1\nDB_PASSWORD=toor\n"
        "DATABASE_URL=postgres://app:pgpass1@db.test:5432/shop\nexport JWT_SECRET='Kq3xV8mZ2rTw6LbNp0'\n"
        'MAIL_FROM="shop@shop.test"\nTOKEN_TTL=3600\nCACHE_DRIVER=file\n',
        ("Zx9bQ2mT7pLk4VnR8sWc1AKq3xV8mZ2rTw6LbN0=", "toor", "pgpass1", "Kq3xV8mZ2rTw6LbNp0"),
        (
            "APP_NAME=Shop",
            "DB_HOST=127.0.0.1",
            "@db.test:5432/shop",
            "shop@shop.test",
            "TOKEN_TTL=3600",
            "CACHE_DRIVER=file",
        ),
    ),
    Shape(
        "docker-compose",
        YAML,
        "services:\n  db:\n    image: postgres:16.1\n    environment:\n      POSTGRES_PASSWORD: "
        "postgres1\n      POSTGRES_USER: app\n"
        '      - MYSQL_ROOT_PASSWORD=rootpw\n    ports:\n      - "5432:5432"\n    secrets:\n      - db_password\n',
        ("postgres1", "rootpw"),
        ("postgres:16.1", "POSTGRES_USER: app", '"5432:5432"', "- db_password"),
    ),
    Shape(
        "Ansible and CI settings",
        YAML,
        "env:\n  global:\n    NODE_VERSION: 20.11.0\n    NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\nsteps:\n  "
        "- uses: actions/checkout@v4\n"
        "    with:\n      token: ${{ secrets.GITHUB_TOKEN }}\n      path: password-manager\n  - key: "
        "node-cache-linux-9d8e1c0ab47f\n",
        (),
        (
            "20.11.0",
            "${{ secrets.NPM_TOKEN }}",
            "${{ secrets.GITHUB_TOKEN }}",
            "path: password-manager",
            "actions/checkout@v4",
        ),
    ),
    # OAuth and OpenID Connect
    Shape(
        "OpenID Connect discovery",
        JSON,
        '{"issuer":"https://id.test","token_endpoint":"https://id.test/oauth/token","jwks_uri":"https://id.test/jwks",'
        '"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post","private_key_jwt"],'
        '"code_challenge_methods_supported":["S256"],"id_token_signing_alg_values_supported":["RS256"],'
        '"grant_types_supported":["password","urn:ietf:params:oauth:grant-type:device_code"]}',
        (),
        (
            *("https://id.test/oauth/token", '"client_secret_basic"', '"private_key_jwt"', '"S256"', '"RS256"'),
            *('"password"', "urn:ietf:params:oauth:grant-type:device_code"),
        ),
    ),
    Shape(
        "authorization request with PKCE",
        "target",
        "/authorize?response_type=code&client_id=s6BhdRkqt3&scope=openid%20profile&state=af0ifjsldkj&nonce=n-0S6_WzA2Mj"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        (),
        ("s6BhdRkqt3", "af0ifjsldkj", "n-0S6_WzA2Mj", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256"),
    ),
    Shape(
        "device flow polling",
        FORM,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&"
        "device_code=GmRhmhcxhwAzkoEqiMEg&client_id=1406020730",
        ("GmRhmhcxhwAzkoEqiMEg",),
        ("urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code", "1406020730"),
    ),
    Shape(
        "device flow pending",
        JSON,
        '{"error":"authorization_pending","error_description":"The authorization is pending","error_codes":[70016],'
        '"timestamp":"2024-01-31 08:09:10Z","trace_id":"a1b2c3d4-e5f6-4788-99aa-bbccddeeff00"}',
        (),
        ("authorization_pending", "70016", "a1b2c3d4-e5f6-4788-99aa-bbccddeeff00"),
    ),
    Shape(
        "JWT bearer grant",
        FORM,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhbm4ifQ.c2lnbmF0dXJl&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth",
        ("eyJpc3MiOiJhbm4ifQ",),
        ("jwt-bearer", "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth"),
    ),
    Shape(
        "implicit flow",
        "header Location",
        "https://app.test/cb#access_token=SlAV32hkKGKq3xV8mZ2r&token_type=bearer&expires_in=3600&state=xyz",
        ("SlAV32hkKGKq3xV8mZ2r",),
        ("token_type=bearer", "expires_in=3600", "state=xyz"),
    ),
    Shape(
        "dynamic client registration",
        JSON,
        '{"client_id":"s6BhdRkqt3","client_secret":"cf136dc3c1fc93f31185e5885805d",'
        '"client_secret_expires_at":1577858400,'
        '"registration_access_token":"reg-23410913-abewfq.123483","token_endpoint_auth_method":"client_secret_basic",'
        '"redirect_uris":["https://client.test/callback"],"client_name":"My Example"}',
        ("cf136dc3c1fc93f31185e5885805d", "reg-23410913-abewfq.123483"),
        ("1577858400", '"client_secret_basic"', "https://client.test/callback", "s6BhdRkqt3"),
    ),
    Shape(
        "login with a one-time code",
        JSON,
        '{"email":"ann@shop.test","otp":"492817","totp_code":"118822",'
        '"mfa_token":"Fe26.2**Kq3xV8mZ2rTw6LbN","method":"totp",'
        '"mfa_enabled":true}',
        ("492817", "118822", "Fe26.2**Kq3xV8mZ2rTw6LbN"),
        ("ann@shop.test", '"method":"totp"'),
    ),
    Shape(
        "change of a password",
        JSON,
        '{"old_password":"alpha1","new_password":"beta22","newPasswordConfirmation":"beta22","passwordRepeat":"gamma3",'
        '"password2":"delta4","password_changed_at":"2024-01-31","passwordExpired":false,"password_policy":"strict",'
        '"passwordStrength":"weak"}',
        ("alpha1", "beta22", "gamma3", "delta4"),
        ("2024-01-31", '"strict"', '"weak"'),
    ),
    # XML and SOAP
    Shape(
        "WS-Security with a digest",
        "text/xml",
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header><wsse:Security '
        'soapenv:mustUnderstand="1"><wsse:UsernameToken wsu:Id="UsernameToken-5"><wsse:Username>admin</wsse:Username>'
        '<wsse:Password Type="x#PasswordDigest">quR/EWLAV4xLf9Zqyw4pDmfV9OY=</wsse:Password>'
        "<wsse:Nonce>bW9ub2xpdGg=</wsse:Nonce><wsu:Created>2024-01-31T08:09:10Z</wsu:Created></wsse:UsernameToken>"
        '<wsse:BinarySecurityToken ValueType="x#X509v3">MIIBxzCCATCgAwIBAgIBADANBgkqhkiG</wsse:BinarySecurityToken>'
        "</wsse:Security></soapenv:Header><soapenv:Body><GetTokenCount>7</GetTokenCount></soapenv:Body>"
        "</soapenv:Envelope>",
        ("quR/EWLAV4xLf9Zqyw4pDmfV9OY=", "MIIBxzCCATCgAwIBAgIBADANBgkqhkiG"),
        ("UsernameToken-5", ">admin<", "x#PasswordDigest", "2024-01-31T08:09:10Z", "<GetTokenCount>7<"),
    ),
    Shape(
        "Salesforce login",
        XML,
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><n1:login>'
        "<n1:username>ann@shop.test"
        "</n1:username><n1:password>pw&amp;tok3n</n1:password></n1:login></env:Body></env:Envelope>",
        ("pw&amp;tok3n",),
        ("ann@shop.test",),
    ),
    Shape(
        "Salesforce login response",
        XML,
        "<loginResponse><result><passwordExpired>false</passwordExpired><sessionId>QwWsHJyTPW.1pd0_jXlNKOSU</sessionId>"
        "<userId>00550000001bC1AAA</userId><sessionSecondsValid>7200</sessionSecondsValid></result></loginResponse>",
        (),
        (">false<", "00550000001bC1AAA", "7200"),
    ),
    Shape(
        "web.config",
        XML,
        '<configuration><connectionStrings><add name="Main" connectionString="Server=db.test;User Id=app;'
        'Password=mssql1;"/>'
        '</connectionStrings><appSettings><add key="SmtpPassword" value="m41l"/><add key="PageSize" '
        'value="20"/></appSettings>'
        "</configuration>",
        ("mssql1", "m41l"),
        ("Server=db.test", "User Id=app", '"20"', '"SmtpPassword"'),
    ),
    Shape(
        "SAML response form",
        FORM,
        "SAMLResponse=PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxw&RelayState=https%3A%2F%2Fapp.test%2Fhome",
        ("PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxw",),
        ("https%3A%2F%2Fapp.test%2Fhome",),
    ),
    Shape(
        "Maven settings",
        XML,
        "<settings><servers><server><id>nexus</id><username>deploy</username><password>d3ploy</password>"
        "</server></servers>"
        "<profiles><profile><properties><sonar.token>squ_Kq3xV8mZ2rTw6LbNp0Zx9b</sonar.token>"
        "<jdk.version>17.0.9</jdk.version>"
        "</properties></profile></profiles></settings>",
        ("d3ploy", "squ_Kq3xV8mZ2rTw6LbNp0Zx9b"),
        ("nexus", ">deploy<", "17.0.9"),
    ),
    # GraphQL
    Shape(
        "GraphQL with inline arguments",
        JSON,
        '{"query":"mutation { login(email: \\"ann@shop.test\\", password: \\"pw9\\") { token user { id } } }"}',
        ("pw9",),
        ("ann@shop.test", "token user { id }"),
    ),
    Shape(
        "GraphQL with variables",
        JSON,
        '{"operationName":"Login","query":"mutation Login($email: String!, $password: String!) { login(email: $email, '
        'password: $password) { accessToken } }","variables":{"email":"ann@shop.test","password":"pw8"}}',
        ("pw8",),
        ("$password: String!", "ann@shop.test", '"Login"'),
    ),
    Shape(
        "GraphQL document",
        GRAPHQL,
        'query { node(token: "Kq3xV8mZ2rTw6LbNp0", first: 10, after: "Y3Vyc29yOnYyOpHOAAABBB") { id key } }',
        ("Kq3xV8mZ2rTw6LbNp0",),
        ("Y3Vyc29yOnYyOpHOAAABBB", "first: 10", "{ id key }"),
    ),
    Shape(
        "GraphQL schema",
        JSON,
        '{"data":{"__schema":{"types":[{"name":"Token","fields":[{"name":"password","description":"The '
        'hashed password"},'
        '{"name":"apiKey","type":{"kind":"SCALAR","name":"String"},"defaultValue":null}]}]}}}',
        (),
        ('"name":"Token"', "The hashed password", '"SCALAR"', '"String"'),
    ),
    Shape(
        "Relay connection",
        JSON,
        '{"data":{"orders":{"pageInfo":{"endCursor":"YXJyYXljb25uZWN0aW9uOjEw","hasNextPage":true},"edges":'
        '[{"cursor":"YXJyYXljb25uZWN0aW9uOjEx","node":{"id":"R2lkOi8vT3JkZXIvMTc="}}]}}}',
        (),
        ("YXJyYXljb25uZWN0aW9uOjEw", "YXJyYXljb25uZWN0aW9uOjEx", "R2lkOi8vT3JkZXIvMTc="),
    ),
    # Language models
    Shape(
        "chat completion request",
        JSON,
        '{"model":"m-4o-mini-2024-07-18","messages":[{"role":"user","content":"What is a password? And a token?"}],'
        '"max_completion_tokens":512,"logit_bias":{"50256":-100},"prompt_cache_key":"shop-assistant-v2-9d8e",'
        '"safety_identifier":"u-17"}',
        (),
        ("m-4o-mini-2024-07-18", "What is a password? And a token?", "512", "shop-assistant-v2-9d8e"),
    ),
    Shape(
        "usage of tokens",
        JSON,
        '{"usage":{"input_tokens":2095,"cache_creation_input_tokens":"12345678901234567890","output_tokens":503,'
        '"completion_tokens_details":{"reasoning_tokens":"18446744073709551616","accepted_prediction_tokens":0}},'
        '"system_fingerprint":"fp_44709d6fcbKq3xV8"}',
        (),
        ("2095", "12345678901234567890", "18446744073709551616", "fp_44709d6fcbKq3xV8"),
    ),
    Shape(
        "stream of completions with logprobs",
        EVENTS,
        'data: {"choices":[{"delta":{"content":"Hi"},'
        '"logprobs":{"content":[{"token":"Kq3xV8mZ2rTw6LbNp0","bytes":[72]}]}}]}'
        "\n\ndata: [DONE]\n\n",
        (),
        ("Kq3xV8mZ2rTw6LbNp0",),
    ),
    Shape(
        "old completions with logprobs",
        JSON,
        '{"choices":[{"text":"x","logprobs":{"tokens":["Kq3xV8mZ2rTw6LbNp0"," the"],"token_logprobs":[-0.1,-2.5],'
        '"top_logprobs":[{"Kq3xV8mZ2rTw6LbNp0":-0.1}],"text_offset":[0,4]}}]}',
        (),
        ('["Kq3xV8mZ2rTw6LbNp0"," the"]', '{"Kq3xV8mZ2rTw6LbNp0":-0.1}'),
    ),
    Shape(
        "tokenizer of a model",
        JSON,
        '{"added_tokens":[{"id":0,"content":"<|endoftext|>","special":true}],"bos_token":"<|begin_of_text_2024|>",'
        '"eos_token":{"content":"<|eot_id_Kq3xV8mZ2r|>","lstrip":false},"unk_token":"[UNK]","pad_token":"<pad>",'
        '"model":{"vocab":{"Kq3xV8mZ2rTw6LbNp0":17}}}',
        (),
        ("<|endoftext|>", "<|begin_of_text_2024|>", "<|eot_id_Kq3xV8mZ2r|>", '"[UNK]"', "Kq3xV8mZ2rTw6LbNp0"),
    ),
    Shape(
        "token details of a tokenizer service",
        JSON,
        '{"tokens":[{"id":101,"text":"Kq3xV8mZ2rTw6LbNp0","start":0,"stop":4}],"token_strings":["▁Kq3xV8mZ2rTw6LbNp"]}',
        (),
        ('"text":"Kq3xV8mZ2rTw6LbNp0"', "▁Kq3xV8mZ2rTw6LbNp"),
    ),
    Shape(
        "crypto prices",
        JSON,
        '[{"id":"basic-attention-token","symbol":"bat","name":"Basic Attention Token","current_price":0.2314,'
        '"token":"0xdac17f958d2ee523a2206206994597c13d831ec7",'
        '"token_address":"0xdac17f958d2ee523a2206206994597c13d831ec7",'
        '"decimals":6}]',
        (),
        ('"basic-attention-token"', "Basic Attention Token", "0.2314", '"token_address":"0xdac17f958d2ee5'),
    ),
    # Pages and cursors
    Shape(
        "page tokens of many APIs",
        JSON,
        '{"nextToken":"eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuYyI6IDF9","NextMarker":"Kq3xV8mZ2rTw6LbNp0",'
        '"next_page":"Zx9bQ2mT7pLk4VnR8sWc","paginationToken":"Qm9ZbT2xLk7VnR4sWc8A","@odata.nextLink":'
        '"https://graph.test/v1/users?$skiptoken=RFNwdAIAAQAAABg6YW5uQHNob3A","pageToken":"b7Qm9ZbT2xLk7VnR4sWc8B"}',
        (),
        (
            *("eyJOZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuYyI6IDF9", "Kq3xV8mZ2rTw6LbNp0", "Zx9bQ2mT7pLk4VnR8sWc"),
            *("Qm9ZbT2xLk7VnR4sWc8A", "RFNwdAIAAQAAABg6YW5uQHNob3A", "b7Qm9ZbT2xLk7VnR4sWc8B"),
        ),
    ),
    Shape(
        "page tokens in queries",
        "target",
        "/q?$deltatoken=Kq3xV8mZ2rTw6LbNp0&continuation-token=Zx9bQ2mT7pLk4VnR8sWc&starting_after=obj_Qm9ZbT2xLk7VnR4s"
        "&NextToken=b7Qm9ZbT2xLk7VnR4sWc8B&page_token=Qm9ZbT2xLk7VnR4sWc8A&token_type=x&api_key=k1",
        ("api_key=k1",),
        (
            *("Kq3xV8mZ2rTw6LbNp0", "Zx9bQ2mT7pLk4VnR8sWc", "obj_Qm9ZbT2xLk7VnR4s", "b7Qm9ZbT2xLk7VnR4sWc8B"),
            "Qm9ZbT2xLk7VnR4sWc8A",
        ),
    ),
    Shape(
        "YouTube list",
        JSON,
        '{"kind":"youtube#searchListResponse","etag":"q7k9v3xV8mZ2rTw6LbNp0Zx9bQ2","nextPageToken":"CAUQAA",'
        '"tokenPagination":{"token":"Kq3xV8mZ2rTw6LbNp0"},"items":[]}',
        (),
        ("q7k9v3xV8mZ2rTw6LbNp0Zx9bQ2", "CAUQAA", "youtube#searchListResponse"),
    ),
    # Documents about secrets
    Shape(
        "OpenAPI document",
        JSON,
        '{"openapi":"3.0.3","components":{"securitySchemes":{"bearerAuth":{"type":"http",'
        '"scheme":"bearer","bearerFormat":"JWT"},'
        '"oauth":{"type":"oauth2","flows":{"password":{"tokenUrl":"https://api.test/oauth/token?grant=password",'
        '"scopes":{"read:pets":"read your pets"}}}},"apiKey":{"type":"apiKey",'
        '"name":"X-API-Key-2024-header","in":"header"}},'
        '"schemas":{"Login":{"required":["user","password"],"properties":{"password":{"type":"string",'
        '"example":"pa$$word"},'
        '"token":{"type":"string","pattern":"^[A-Za-z0-9_]{16,64}$"},'
        '"secret":{"$ref":"#/components/schemas/Secret1A2b"}}}}}}',
        (),
        (
            *('"JWT"', '"scheme":"bearer"', "https://api.test/oauth/token", "read your pets", "X-API-Key-2024-header"),
            *('["user","password"]', "^[A-Za-z0-9_]{16,64}$", "#/components/schemas/Secret1A2b"),
        ),
    ),
    Shape(
        "OpenAPI as YAML",
        YAML,
        "components:\n  securitySchemes:\n    ApiKey:\n      type: apiKey\n      in: header\n      name: X-API-Key\n"
        "  schemas:\n    Login:\n      properties:\n        password:\n          type: string\n          "
        "format: password\n"
        "        token:\n          $ref: '#/components/schemas/Token'\n      required: [user, password]\n",
        (),
        ("type: apiKey", "name: X-API-Key", "format: password", "#/components/schemas/Token", "[user, password]"),
    ),
    Shape(
        "JSON schema",
        JSON,
        '{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",'
        '"properties":{"password":{"type":"string",'
        '"title":"Password","description":"At least 8 characters","minLength":8,"default":""},'
        '"api_key":{"type":["string","null"],'
        '"description":"Your key"},"pin":{"type":"integer","maximum":9999,"description":"Four digits"}},'
        '"required":["password"],"dependentRequired":{"password":["password_confirmation","username"]}}',
        (),
        (
            *('"Password"', "At least 8 characters", '["string","null"]', "Your key", '"maximum":9999', "Four digits"),
            '["password_confirmation","username"]',
        ),
    ),
    Shape(
        "translations",
        JSON,
        '{"login":{"password":"Passwort","passwordConfirmation":"Passwort wiederholen","pin":"PIN-Code",'
        '"token":"Zugriffsschlüssel",'
        '"forgotPassword":"Passwort vergessen?","apiKey":"API-Schlüssel","otp":"Einmalcode","secret":"Geheimnis"}}',
        (),
        (
            *('"password":"Passwort"', "Passwort wiederholen", "PIN-Code", "API-Schlüssel", "Einmalcode"),
            *("Zugriffsschlüssel", "Passwort vergessen?", '"Geheimnis"'),
        ),
    ),
    Shape(
        "translations with placeholders",
        JSON,
        '{"errors.password.length":"The password must have {min} characters","labels.token":"Token ({{count}})",'
        '"password.placeholder":"Enter your password","token_help":"Find the token in your settings."}',
        (),
        (
            "The password must have {min} characters",
            "Token ({{count}})",
            "Enter your password",
            "Find the token in your settings.",
        ),
    ),
    Shape(
        "validation errors of Rails and Laravel",
        JSON,
        '{"message":"The given data was invalid.","errors":{"password":["is too short (minimum is 8 characters)",'
        '"can\'t be blank"],"password_confirmation":["doesn\'t match Password"],"api_key":["is invalid"],'
        '"token":["expired"]}}',
        (),
        (
            "is too short (minimum is 8 characters)",
            "can't be blank",
            "doesn't match Password",
            '"is invalid"',
            '"expired"',
        ),
    ),
    Shape(
        "validation errors of Django, ASP.NET and FastAPI",
        JSON,
        '{"password":["This field is required."],"pin":["required"],"detail":[{"loc":["body","password"],'
        '"msg":"field required",'
        '"type":"value_error.missing"}],"errors":{"Password":["The Password field is required."]},'
        '"traceId":"00-84c1fd4063c38d9f3"}',
        (),
        ("This field is required.", '["body","password"]', "value_error.missing", "The Password field is required."),
    ),
    Shape(
        "validation errors as objects",
        JSON,
        '{"errors":[{"field":"password","code":"too_short","message":"Password is too short","rejectedValue":null},'
        '{"source":{"pointer":"/data/attributes/password"},"title":"Invalid","code":"VALIDATION_ERROR_4001Xa9"}]}',
        (),
        (
            '"field":"password"',
            '"too_short"',
            "Password is too short",
            "/data/attributes/password",
            "VALIDATION_ERROR_4001Xa9",
        ),
    ),
    Shape(
        "feature flags",
        JSON,
        '{"flags":{"passwordless-login":true,"new-token-page":{"key":"new-token-page-2024-rollout-b","version":14,'
        '"variation":"treatment-1a2b3c4d5e6f7a8b"},"show_password":"on","require_otp":true,"token_v2":"enabled"}}',
        (),
        ("new-token-page-2024-rollout-b", '"version":14', "treatment-1a2b3c4d5e6f7a8b", '"enabled"'),
    ),
    Shape(
        "password policy",
        JSON,
        '{"password_policy":{"min_length":12,"password_history":5,"max_age_days":90,"characters":["upper","lower"]},'
        '"password_set":true,"password_last_changed":"2024-01-31T08:09:10Z","hasApiKey":false,'
        '"pin_required":1,"otp_method":"sms"}',
        (),
        ("12", '"password_history":5', '["upper","lower"]', "2024-01-31T08:09:10Z", '"sms"'),
    ),
    # Shops and places
    Shape(
        "order",
        JSON,
        '{"order_key":"wc_order_58d2d042d1d","coupon_code":"SUMMER2024",'
        '"discount_code":"TAKE10OFF-A1B2C3D4","tracking_code":'
        '"1Z999AA10123456784","pickup_code":"B-17","hs_code":"8471.30.0100","gift_card_pin":"4711","price":"19.99",'
        '"currency_code":"EUR","product_code":"KQ3X-V8MZ-2RTW"}',
        ("4711",),
        (
            *("SUMMER2024", "TAKE10OFF-A1B2C3D4", "1Z999AA10123456784", "8471.30.0100", '"19.99"', '"EUR"'),
            "KQ3X-V8MZ-2RTW",
        ),
    ),
    Shape(
        "maps",
        JSON,
        '{"plus_code":{"global_code":"849VCWC8+R9","compound_code":"CWC8+R9 Mountain View, CA"},"place_id":'
        '"ChIJ2eUgeAK6j4ARbn5u_wAGqWA","pin":{"lat":37.4,"lng":-122.08},"postal_code":"94043","pins":[{"id":5}]}',
        (),
        ("849VCWC8+R9", "CWC8+R9 Mountain View, CA", "ChIJ2eUgeAK6j4ARbn5u_wAGqWA", "37.4", "94043"),
    ),
    Shape(
        "map query",
        "target",
        "/maps/api/place/autocomplete/json?input=Graz&sessiontoken=Kq3xV8mZ2rTw6LbNp0&key=demo-key-1",
        ("Kq3xV8mZ2rTw6LbNp0",),
        ("input=Graz",),
    ),
    Shape(
        "music player",
        JSON,
        '{"key":5,"mode":1,"time_signature":4,"tempo":118.211,"key_signature":"C# minor",'
        '"musical_key":"8A","code":"USUM71703861"}',
        (),
        ('"key":5', '"time_signature":4', '"C# minor"', "USUM71703861"),
    ),
    Shape(
        "keyboard events",
        JSON,
        '{"events":[{"key":"Enter","code":"NumpadEnter","keyCode":13},{"key":"ArrowDown",'
        '"hotkey":"ctrl+shift+alt+k"}]}',
        (),
        ('"Enter"', '"NumpadEnter"', "ctrl+shift+alt+k"),
    ),
    Shape(
        "source code and parsers",
        JSON,
        '{"tokens":[{"type":"keyword","value":"function","start":0},{"type":"identifier",'
        '"value":"Kq3xV8mZ2rTw6LbNp0"}],'
        '"code":"const x = 1;","signature":"(a: number, b: string) => Promise<void>"}',
        (),
        ('"function"', '"value":"Kq3xV8mZ2rTw6LbNp0"', "const x = 1;", "(a: number, b: string) => Promise<void>"),
    ),
    Shape(
        "Jira and Confluence",
        JSON,
        '{"expand":"operations,changelog","id":"10002","key":"LONGPROJECTNAME-12345",'
        '"fields":{"parent":{"key":"ABC-1"},'
        '"customfield_10010":{"i18nErrorMessage":{"i18nKey":"rest.missing.request.type.2024"}},'
        '"avatarKey":"a9ZbT2xLk7VnR4sW"}}',
        (),
        ("LONGPROJECTNAME-12345", '"ABC-1"', "rest.missing.request.type.2024"),
    ),
    Shape(
        "cache and storage",
        JSON,
        '{"cacheKey":"user:17:profile:9d8e1c0ab47f","storage_key":"uploads/9d8e1c0ab47f3e12a5b6.png",'
        '"s3Key":"a/9d8e1c0ab47f3e12.bin",'
        '"blob_key":"AMIfv94pLk4VnR8sWc1A","key_prefix":"env/prod/9d8e1c0a",'
        '"encryption_key_id":"mrk-1234abcd12ab34cd56ef"}',
        (),
        (
            *("user:17:profile:9d8e1c0ab47f", "uploads/9d8e1c0ab47f3e12a5b6.png", "a/9d8e1c0ab47f3e12.bin"),
            *("env/prod/9d8e1c0a", "mrk-1234abcd12ab34cd56ef"),
        ),
    ),
    # Web pages
    Shape(
        "ASP.NET form",
        HTML,
        '<!DOCTYPE html><html><body><form method="post"><input type="hidden" name="__RequestVerificationToken" '
        'value="CfDJ8Kq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk" /><input type="text" name="Input.Email" value="ann@shop.test"/>'
        '<input id="Input_Password" type="password" name="Input.Password" autocomplete="current-password" />'
        '<a href="/Identity/Account/ForgotPassword">Forgot password?</a></form></body></html>',
        ("CfDJ8Kq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk",),
        ("ann@shop.test", 'autocomplete="current-password"', "/Identity/Account/ForgotPassword", "Forgot password?"),
    ),
    Shape(
        "Laravel page",
        HTML,
        '<html><head><meta name="csrf-token" content="Kq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk4VnR8sWc1A"><title>'
        "Token ring</title></head>"
        "<body><form><input type=hidden name=_token value=Kq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk4VnR8sWc1A>"
        '<option value="password">Password</option></form></body></html>',
        ("Kq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk4VnR8sWc1A",),
        ("<title>Token ring", '<option value="password">Password'),
    ),
    Shape(
        "JSONP with a comment",
        "text/javascript",
        '/* API response */ handle({"meta":{"code":200},"user":{"session_token":"Kq3xV8mZ2rTw6LbNp0","id":"1574083"}})',
        ("Kq3xV8mZ2rTw6LbNp0",),
        ('"code":200', "1574083"),
    ),
    Shape(
        "login form",
        FORM,
        "utf8=%E2%9C%93&authenticity_token=Kq3xV8mZ2rTw6LbNp0%3D%3D&user%5Bemail%5D=ann%40shop.test&"
        "user%5Bpassword%5D=w3ak"
        "&user%5Bremember_me%5D=1&commit=Log+in",
        ("Kq3xV8mZ2rTw6LbNp0%3D%3D", "w3ak"),
        ("ann%40shop.test", "remember_me%5D=1", "Log+in"),
    ),
    Shape(
        "mail with a link",
        JSON,
        '{"to":"ann@shop.test","subject":"Reset your password","text":"Open '
        "https://shop.test/reset?token=Kq3xV8mZ2rTw6LbNp0"
        '&lang=en within 2 hours."}',
        ("Kq3xV8mZ2rTw6LbNp0",),
        ("ann@shop.test", "Reset your password", "lang=en within 2 hours."),
    ),
    Shape(
        "lines of a log",
        NDJSON,
        '{"level":"info","msg":"login","user":"ann","password":"plain1"}\n{"level":"warn","msg":"token '
        'expired","code":"E17"}\n',
        ("plain1",),
        ('"ann"', "token expired", '"E17"'),
    ),
    Shape(
        "headers in a list",
        JSON,
        '{"request":{"headers":[{"name":"Authorization","value":"Bearer Kq3xV8mZ2rTw6LbNp0"},'
        '{"name":"Accept","value":"*/*"}],'
        '"cookies":[{"name":"sid","value":"Zx9bQ2mT7pLk4VnR"}],"url":"https://api.test/x?api_key=k9&page=2"}}',
        ("Kq3xV8mZ2rTw6LbNp0", "api_key=k9"),
        ('"*/*"', "page=2", '"Accept"'),
    ),
    Shape("bearer in lower case", "header authorization", "bearer a1", ("a1",), ("bearer",)),
    Shape("GitLab field", "header Private-Token", "Kq3xV8mZ2rTw6LbNp0", ("Kq3xV8mZ2rTw6LbNp0",)),
    Shape("RapidAPI field", "header X-RapidAPI-Key", "k-1", ("k-1",)),
    Shape("CSRF field", "header X-CSRF-Token", "Kq3xV8mZ2rTw6LbNp0", ("Kq3xV8mZ2rTw6LbNp0",)),
    Shape(
        "webhook signature",
        "header X-Hub-Signature-256",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",),
    ),
    Shape(
        "trace field",
        "header Traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        (),
        ("0af7651916cd43dd8448eb211c80319c",),
    ),
    Shape("request id", "header X-Request-Id", "Kq3xV8mZ2rTw6LbNp0", (), ("Kq3xV8mZ2rTw6LbNp0",)),
    Shape("cache field", "header X-Cache-Key", "/page/Kq3xV8mZ2rTw6LbNp0", (), ("Kq3xV8mZ2rTw6LbNp0",)),
    Shape("Surrogate-Key", "header Surrogate-Key", "post-17-Kq3xV8mZ2rTw6LbNp0 all", (), ("Kq3xV8mZ2rTw6LbNp0 all",)),
    Shape(
        "security policy",
        "header Content-Security-Policy",
        "script-src 'nonce-Kq3xV8mZ2rTw6LbNp0'",
        (),
        ("nonce-Kq3xV8mZ2rTw6LbNp0",),
    ),
    Shape(
        "rate limit", "header Anthropic-Ratelimit-Tokens-Reset", "2024-01-31T08:09:10Z", (), ("2024-01-31T08:09:10Z",)
    ),
    Shape(
        "reset link",
        "target",
        "/account/reset-password/Kq3xV8mZ2rTw6LbNp0?lang=en",
        ("Kq3xV8mZ2rTw6LbNp0",),
        ("lang=en",),
    ),
    Shape(
        "documents about tokens",
        "target",
        "/docs/tokens/introduction-to-tokens?key=PROJ-1&sort_key=name",
        (),
        ("introduction-to-tokens", "PROJ-1"),
    ),
    # Where names stand in other ways
    Shape(
        "HTTP archive",
        JSON,
        '{"log":{"entries":[{"request":{"cookies":[{"name":"sid","value":"Zx9bQ2mT7pLk4VnR"},'
        '{"name":"lang","value":"en"}],'
        '"headersSize":412,"headers":[{"name":"X-Api-Key","value":"k1"}]},'
        '"startedDateTime":"2024-01-31T08:09:10.000Z"}]}}',
        ("Zx9bQ2mT7pLk4VnR", '"k1"'),
        ('"value":"en"', "412", "2024-01-31T08:09:10.000Z", '"X-Api-Key"'),
    ),
    Shape(
        "form with filled passwords",
        HTML,
        "<form><input type=password name=j_pw value=lem0n><input type='password' value='m3lon'/>"
        "<input type=hidden name=csrf value=Qm9ZbT2xLk7VnR4sWc8A><input type=text name=city value=Graz></form>",
        ("lem0n", "m3lon", "Qm9ZbT2xLk7VnR4sWc8A"),
        ("type=password name=j_pw", "value=Graz", "name=csrf"),
    ),
    Shape(
        "properties and settings in XML",
        XML,
        '<config><properties><entry key="db.password">pw7</entry><entry key="db.user">app</entry></properties>'
        '<setting name="SmtpPassword" serializeAs="String"><value>m41l</value></setting>'
        '<setting name="Theme" serializeAs="String"><value>dark</value></setting></config>',
        ("pw7", "m41l"),
        (">app<", ">dark<", "db.password", '"SmtpPassword"'),
    ),
    Shape(
        "strings of an app",
        XML,
        '<resources><string name="app_name">Shop</string><string name="password">Kennwort</string>'
        '<string name="token_hint">Your token</string></resources>',
        (),
        (">Shop<", ">Kennwort<", ">Your token<"),
    ),
    Shape(
        "XML-RPC without types",
        XML,
        "<struct><member><name>passwd</name><value>sesam1</value></member><member><name>pin</name><value>"
        "<int>4711</int>"
        "</value></member><member><name>count</name><value><int>17</int></value></member></struct>",
        ("sesam1", "4711"),
        ("<int>17<",),
    ),
    Shape(
        "XML of a payment",
        XML,
        "<pay:request xmlns:pay='urn:x'><pay:cardNumber>4111</pay:cardNumber><pay:cvv>737</pay:cvv><pay:amount>19.99"
        "</pay:amount><pay:apiKey>  k-live-1  </pay:apiKey><pay:reference>REF-2024-17</pay:reference></pay:request>",
        (">737<", "k-live-1"),
        ("19.99", "REF-2024-17", "urn:x"),
    ),
    Shape(
        "environment of a pod as YAML",
        YAML,
        "kind: Pod\nspec:\n  containers:\n  - env:\n    - name: DB_PASSWORD\n      value: tr0y\n    - name: LOG_LEVEL\n"
        '      value: debug\n    - name: API_KEY\n      value: "k-55"\n',
        ("tr0y", "k-55"),
        ("value: debug", "DB_PASSWORD"),
    ),
    Shape(
        "list of manifests as YAML",
        YAML,
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  data:\n    user: YWRtaW41\n  kind: Secret\n  "
        "metadata:\n    name: db\n",
        ("YWRtaW41",),
        ("name: db", "apiVersion: v1"),
    ),
    Shape(
        "parameter store",
        "application/x-amz-json-1.1",
        '{"Parameter":{"Name":"/prod/db/password","Type":"SecureString","Value":"p4ram","Version":3,'
        '"ARN":"arn:aws:ssm:us-east-1:123456789012:parameter/prod/db/password"}}',
        ("p4ram",),
        ("/prod/db/password", '"SecureString"', "arn:aws:ssm:us-east-1:123456789012:parameter/prod/db/password"),
    ),
    Shape(
        "settings of an application",
        JSON,
        '{"secret_key_base":"9d8e1c0ab47f3e12a5b69d8e1c0ab47f","SecretString":"Qm9ZbT2xLk7VnR4sWc8A",'
        '"pwd":"/home/ann/shop",'
        '"private_key":"/etc/ssl/private/shop-key","secretAccessKey":"/Qm9ZbT2xLk7VnR4sWc8A/b7Qm9Z","locale":"de_AT"}',
        ("9d8e1c0ab47f3e12a5b69d8e1c0ab47f", "Qm9ZbT2xLk7VnR4sWc8A", "/Qm9ZbT2xLk7VnR4sWc8A/b7Qm9Z"),
        ("/home/ann/shop", "/etc/ssl/private/shop-key", "de_AT"),
    ),
    Shape(
        "package.json",
        JSON,
        '{"dependencies":{"pwd":"^1.0.2","otp":"~0.1.3","@scope/password":"2.0.0-beta.1",'
        '"secret":"npm:real-secret@4.1.0"},'
        '"scripts":{"token":"node scripts/make-token.js"},"files":["token.js"]}',
        (),
        ("^1.0.2", "~0.1.3", "2.0.0-beta.1", "npm:real-secret@4.1.0", "node scripts/make-token.js", "token.js"),
    ),
    Shape(
        "command line in a text",
        JSON,
        '{"cmd":"curl -H \'Authorization: Bearer Kq3xV8mZ2rTw6LbNp0\' https://api.test/x","help":"curl -H '
        "'Authorization: Bearer YOUR_ACCESS_TOKEN' https://api.test/y\"}",
        ("Kq3xV8mZ2rTw6LbNp0",),
        ("YOUR_ACCESS_TOKEN", "https://api.test/x"),
    ),
    Shape(
        "keys of known forms under any name",
        JSON,
        '{"a":"hvs.CAESIKq3xV8mZ2rTw6LbNp0Zx9bQ","b":"GOCSPX-Kq3xV8mZ2rTw6LbNp0Zx9bQ2",'
        '"c":"dapi9d8e1c0ab47f3e12a5b69d8e1c0ab47f",'
        '"d":"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","e":"dckr_pat_Kq3xV8mZ2rTw6LbNp0Zx9bQ2",'
        '"f":"gsk_notes","g":"glsa"}',
        ("CAESIKq3xV8mZ2rTw6LbNp0Zx9bQ", "GOCSPX-Kq3", "dapi9d8e", "shpat_9d8e", "dckr_pat_Kq3"),
        ("gsk_notes", '"glsa"'),
    ),
    Shape(
        "PGP key",
        TEXT,
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBGKq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk\n=Vn4R\n-----END "
        "PGP PRIVATE KEY BLOCK-----\n",
        ("lQOYBGKq3xV8mZ2rTw6LbNp0Zx9bQ2mT7pLk",),
        ("BEGIN PGP PRIVATE KEY BLOCK",),
    ),
)
