import { createHmac } from 'node:crypto';
import { exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authenticate } from '../../../src/graphql/auth/caller.ts';
import { createJwtVerifier, type JwtOptions } from '../../../src/graphql/auth/jwt-verifier.ts';
import { Issuer } from '../../support/issuer.ts';

let issuer: Issuer;
let verify: Authenticate;
beforeAll(async () => {
  issuer = await Issuer.start();
  verify = createJwtVerifier(issuer.jwt);
});
afterAll(() => issuer[Symbol.asyncDispose]());

const now = () => Math.floor(Date.now() / 1_000);
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' });
const refused = (token: string) => expect(verify(`Bearer ${token}`)).rejects.toEqual(unauthenticated);

test('a token that fits says who calls', async () => {
  const token = await issuer.token('ada', { roles: ['customer'], claims: { jti: 't1', shop: 7 } });
  const caller = await verify(`Bearer ${token}`);
  expect(caller).toMatchObject({ subject: 'ada', roles: ['customer'], tokenId: 't1', claims: { shop: 7 } });
  expect(caller.expiresAt?.getTime()).toBeGreaterThan(Date.now() + 3_000_000);
  expect(await verify(token)).toEqual(caller);
});

describe('a token is refused', () => {
  const claims = { iss: 'https://issuer.example', aud: 'shop', sub: 'ada', roles: ['staff'] };

  test('that nobody signed', async () => {
    await refused(new UnsecuredJWT({ ...claims, exp: now() + 60 }).encode());
    const [header, payload] = (await issuer.token('ada')).split('.');
    await refused(`${header}.${payload}.`);
  });

  test('whose claims were changed after it was signed', async () => {
    const [header, payload = '', signature] = (await issuer.token('ada')).split('.');
    const changed = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), roles: ['staff'] };
    await refused(`${header}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${signature}`);
  });

  test('that another key signed under the same id', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const token = new SignJWT({ ...claims, exp: now() + 60 }).setProtectedHeader({
      alg: 'ES256',
      kid: 'key-1',
    });
    await refused(await token.sign(privateKey));
  });

  test('that took the public key for a secret', async () => {
    const { publicKey } = await generateKeyPair('RS256', { extractable: true });
    const pem = await exportSPKI(publicKey);
    const { key: _, ...rest } = issuer.jwt;
    const byPublicKey = createJwtVerifier({ ...rest, key: { publicKey: pem } });
    const parts = [{ alg: 'HS256' }, { ...claims, exp: now() + 60 }];
    const head = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const token = `${head}.${createHmac('sha256', pem).update(head).digest('base64url')}`;
    await expect(byPublicKey(token)).rejects.toEqual(unauthenticated);
  });

  test('of an algorithm that does not go with the key', async () => {
    const secret = 'a secret of more than thirty-two bytes';
    const { key: _, ...rest } = issuer.jwt;
    const bySecret = createJwtVerifier({ ...rest, key: { secret } });
    const signed = (alg: string) =>
      new SignJWT({ ...claims, exp: now() + 60 })
        .setProtectedHeader({ alg })
        .sign(new TextEncoder().encode(secret));
    expect((await bySecret(await signed('HS256'))).subject).toBe('ada');
    await refused(await signed('HS256'));
    await expect(bySecret(await issuer.token('ada'))).rejects.toEqual(unauthenticated);
  });

  test.each([
    ['for another audience', { aud: 'another-shop' }],
    ['of another issuer', { iss: 'https://elsewhere.example' }],
    ['without an end', { exp: undefined as unknown as number }],
    ['that is not valid yet', { nbf: now() + 600 }],
    ['made in the future', { iat: now() + 600 }],
    ['without a subject', { sub: undefined as unknown as string }],
    ['whose subject is no text', { sub: 17 as unknown as string }],
    ['whose subject no event could name', { sub: 'a\0b' }],
  ])('%s', async (_, changed) => refused(await issuer.token('ada', { claims: changed })));

  test.each(['', 'Bearer', 'Bearer ', 'Basic YTpi', 'Bearer a b', 'Bearer abc', 'Bearer a.b.c', 'Bearer …'])(
    'that is none: "%s"',
    (text) => expect(verify(text)).rejects.toEqual(unauthenticated),
  );
});

test('clocks may differ by the tolerance, and no more', async () => {
  const expired = async (seconds: number) => verify(await issuer.token('ada', { expiresIn: -seconds }));
  expect((await expired(2)).subject).toBe('ada');
  await expect(expired(7)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', fields: { isOver: true } });
  const patient = createJwtVerifier({ ...issuer.jwt, clockTolerance: 60 });
  expect((await patient(await issuer.token('ada', { expiresIn: -40 }))).subject).toBe('ada');
  expect((await patient(await issuer.token('ada', { claims: { nbf: now() + 40 } }))).subject).toBe('ada');
});

test('a new key of the issuer is taken at once, and an old one goes with it', async () => {
  await using own = await Issuer.start();
  const check = createJwtVerifier(own.jwt);
  const before = await own.token('ada');
  expect((await check(before)).subject).toBe('ada');
  await check(before);
  expect(own.requests).toBe(1);
  await own.rotate();
  expect((await check(await own.token('grace'))).subject).toBe('grace');
  expect(own.requests).toBe(2);
  await expect(check(before)).rejects.toEqual(unauthenticated);
});

test('made-up key ids do not have the issuer asked again and again', async () => {
  await using own = await Issuer.start();
  const check = createJwtVerifier({ ...own.jwt, key: { jwksUrl: own.jwksUrl } });
  await check(await own.token('ada'));
  const { privateKey } = await generateKeyPair('ES256');
  for (let n = 0; n < 20; n += 1) {
    const token = new SignJWT({ exp: now() + 60 }).setProtectedHeader({ alg: 'ES256', kid: `made-up-${n}` });
    await expect(check(await token.sign(privateKey))).rejects.toEqual(unauthenticated);
  }
  expect(own.requests).toBe(1);
});

test('an issuer that does not answer is no fault of the caller', async () => {
  const own = await Issuer.start();
  const check = createJwtVerifier(own.jwt);
  const token = await own.token('ada');
  await own[Symbol.asyncDispose]();
  await expect(check(token)).rejects.toMatchObject({ code: 'JWKS_UNAVAILABLE' });
});

test('the claims that say who calls can have other names and places', async () => {
  const named = (names: Partial<JwtOptions>) => createJwtVerifier({ ...issuer.jwt, ...names });
  const token = await issuer.token('ada', {
    claims: {
      realm_access: { roles: ['staff', 7] },
      'https://shop.example/roles': ['operator'],
      scope: 'customer read',
      user: { id: 'u1' },
    },
  });
  expect((await named({ rolesClaim: 'realm_access.roles' })(token)).roles).toEqual(['staff']);
  expect((await named({ rolesClaim: 'https://shop.example/roles' })(token)).roles).toEqual(['operator']);
  expect((await named({ rolesClaim: 'scope' })(token)).roles).toEqual(['customer', 'read']);
  expect((await named({ rolesClaim: 'constructor.name' })(token)).roles).toEqual([]);
  expect((await named({ subjectClaim: 'user.id' })(token)).subject).toBe('u1');
});

test.each([
  ['a short secret', { secret: 'short' }],
  ['what is no public key', { publicKey: '-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----' }],
  ['what is no address', { jwksUrl: 'file:///etc/keys' }],
])('%s is refused at the start', (_, key) => {
  expect(() => createJwtVerifier({ ...issuer.jwt, key })).toThrow(
    expect.objectContaining({ code: 'INVALID_AUTH' }),
  );
});
