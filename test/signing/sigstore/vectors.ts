/** A key made by cosign 3.1.1, and what it signed. It guards nothing. */

export const PASSPHRASE = Buffer.from('s3cret');

export const SEALED_KEY = `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiJNS1p6Qm1EamJKTk5td3F5dU91c3NJc2doYVFIb1dx
TzFETFFjM3ZXVmtzPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJyeFdZc1Zwd3YrUHgwZnZySUY2V1pEOTlFTU4xbGM3cCJ9LCJj
aXBoZXJ0ZXh0IjoiNU9NTHY4QmNqZzF6a242YzFaNTFNRGxZZHFmY1RGQnM2eVha
anZidHZOTjFmdC9vTkE2R2R0djZyWlBNQVpCYXh4VVlZWFBvM1BaUWtkTTRRQTNn
dWZZMWJSTHZpSzhINDhLMjEwemFxQmhybUI1bC83TWZ3VFB4WVk1VFI1ekUzV0FM
eG9raTdHNDIxN0svT01jVUp4R3h4akdGTjkxUzVOaUlqSFhrQytRMTdQNXJ2Wmx2
YzA1ZFRpUDRkU0dOOVEva0U3cXBRd09lY2c9PSJ9
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
`;

export const PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYTNUxD7GcP4QsGPgSIY4eWPYL7EG
RjUemwHxOna+QkrrbtU43iDMAYW0A5ua48tff5HCH0Red4cQV+h9alzZRg==
-----END PUBLIC KEY-----
`;

/** The private key as PKCS#8 DER. */
export const KEY_DER = Buffer.from(
  '308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b020101042035db67a5b789f4587353ca0d9932b42f934b0e02e04799323f95b6b467cadf1ba14403420004613354c43ec670fe10b063e04886387963d82fb10646351e9b01f13a76be424aeb6ed538de20cc0185b4039b9ae3cb5f7f91c21f445e77871057e87d6a5cd946',
  'hex',
);

export const CLAIM = {
  digest: 'sha256:ababf4cf23377ade1e52c09b583dc6d25c9d78f48c9e3bd45a890e227d1bdaf4',
  identity: '127.0.0.1:15761/ns/sst:1',
} as const;

/** By skopeo. */
export const PAYLOAD =
  '{"critical":{"identity":{"docker-reference":"127.0.0.1:15761/ns/sst:1"},"image":{"docker-manifest-digest":"sha256:ababf4cf23377ade1e52c09b583dc6d25c9d78f48c9e3bd45a890e227d1bdaf4"},"type":"cosign container image signature"},"optional":{"creator":"containers/image 5.39.1","timestamp":1795187260}}';

export const SIGNATURE =
  'MEYCIQD1I/TZmJ5CejUudSmQZr0NsxCc0FQ2Jmo2HV6D0xub0QIhAPHfNEviKpOH90lnTSge552pnT9JcvPAUgfEOMOXE8Ta';
