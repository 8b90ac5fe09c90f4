import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { JwtOptions } from '../../src/graphql/auth/jwt-verifier.ts';

export type TokenOptions = {
  readonly roles?: readonly string[];
  /** Seconds from now; a day unless given. */
  readonly expiresIn?: number;
  readonly claims?: Readonly<Record<string, unknown>>;
};

type Key = { readonly kid: string; readonly privateKey: CryptoKey; readonly jwk: JWK };

/** Who makes tokens, and publishes the keys to check them by at a real address. */
export class Issuer implements AsyncDisposable {
  readonly issuer = 'https://issuer.example';
  readonly audience = 'shop';
  /** How many seconds its clock, and that of the shops it makes tokens for, is ahead. */
  ahead = 0;
  /** How often its keys were asked for. */
  requests = 0;
  #published: readonly Key[] = [];
  #keys = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((_, response) => {
      this.requests += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ keys: this.#published.map(({ jwk }) => jwk) }));
    });
  }

  static async start(): Promise<Issuer> {
    const issuer = new Issuer();
    await issuer.rotate();
    await new Promise<void>((resolve) => issuer.#server.listen(0, '127.0.0.1', resolve));
    return issuer;
  }

  get jwksUrl(): string {
    // A server that listens on a port has such an address.
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/jwks`;
  }

  get jwt(): JwtOptions {
    const { issuer, audience, jwksUrl } = this;
    return { key: { jwksUrl, cooldown: 0 }, issuer, audience };
  }

  readonly clock = (): Date => new Date(Date.now() + this.ahead * 1_000);

  /** A new key in place of all others. */
  async rotate(): Promise<void> {
    this.#keys += 1;
    const kid = `key-${this.#keys}`;
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    this.#published = [{ kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } }];
  }

  token(
    subject: string,
    { roles = [], expiresIn = 86_400, claims = {} }: TokenOptions = {},
  ): Promise<string> {
    const [key] = this.#published;
    if (key === undefined) throw new Error('There is no key.');
    const now = Math.floor(this.clock().getTime() / 1_000);
    return new SignJWT({
      iss: this.issuer,
      aud: this.audience,
      sub: subject,
      iat: now,
      exp: now + expiresIn,
      roles: [...roles],
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', kid: key.kid })
      .sign(key.privateKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
