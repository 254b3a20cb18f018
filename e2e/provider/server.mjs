// The OpenID provider of the end-to-end tests: oidc-provider on loopback, with
// fixed clients and accounts, and logins that need no person. It prints its
// issuer on stdout once it listens, and ends when its stdin does.
//
//   node server.mjs --port <port, 0 for any> --keys <file>
//
// The keys file is made at the first start, so that a provider that starts
// again is the same one.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { Provider } from 'oidc-provider';

const { values: options } = parseArgs({
  options: { port: { type: 'string', default: '0' }, keys: { type: 'string' } },
});

// The accounts that may log in: login_hint names one.
const accounts = {
  ana: { groups: ['engineering'], email: 'ana@example.com' },
  ben: { groups: ['security'], email: 'ben@example.com' },
  eve: { groups: [], email: 'eve@example.com' },
};

// What client credentials tokens say of the client itself.
const services = {
  service: { groups: ['engineering'] },
  'service-es256': { groups: ['engineering'] },
  'service-short': { groups: ['engineering'] },
  'service-nogroup': { groups: [] },
};

// The APIs that tokens can be asked for, by resource indicator (RFC 8707).
const audiences = {
  'urn:caddyrec:orders-api': 'orders-api',
  'urn:caddyrec:billing-api': 'billing-api',
};

function service(clientId) {
  return {
    client_id: clientId,
    client_secret: `${clientId}-secret`,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  };
}

function newKeys() {
  const jwk = (type, params, alg) => ({
    ...generateKeyPairSync(type, params).privateKey.export({ format: 'jwk' }),
    kid: randomUUID(),
    alg,
    use: 'sig',
  });
  return [jwk('rsa', { modulusLength: 2048 }, 'RS256'), jwk('ec', { namedCurve: 'P-256' }, 'ES256')];
}

function loadKeys() {
  if (existsSync(options.keys)) return JSON.parse(readFileSync(options.keys, 'utf8'));
  return saveKeys(newKeys());
}

function saveKeys(keys) {
  writeFileSync(options.keys, JSON.stringify(keys), { mode: 0o600 });
  return keys;
}

// A provider's keys cannot be changed, so a rotation makes another provider;
// grants and sessions are in the memory that all of them share.
function newProvider(issuer, keys) {
  const provider = new Provider(issuer, {
    clients: [
      ...Object.keys(services).map(service),
      {
        client_id: 'orders-api', // so that the ID tokens' audience is the API's too
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/callback'],
      },
    ],
    jwks: { keys },
    cookies: { keys: [randomUUID()] },
    scopes: ['openid', 'email', 'orders'],
    claims: { openid: ['sub'], email: ['email', 'groups'] },
    pkce: { required: () => true },
    ttl: { AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 60, Session: 3600 },
    interactions: { url: (_ctx, interaction) => `/login/${interaction.uid}` },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:caddyrec:orders-api',
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource, client) => ({
          scope: 'orders',
          audience: audiences[resource] ?? resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: client.clientId === 'service-short' ? 1 : 600,
          jwt: { sign: { alg: client.clientId === 'service-es256' ? 'ES256' : 'RS256' } },
        }),
      },
    },
    findAccount: (_ctx, id) => accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
    extraTokenClaims: (_ctx, token) => accounts[token.accountId] ?? services[token.clientId],
    // Whoever logs in has consented to all that was asked for.
    async loadExistingGrant(ctx) {
      const { client, session, params } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(params.scope);
      for (const resource of [params.resource ?? 'urn:caddyrec:orders-api'].flat()) grant.addResourceScope(resource, 'orders');
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  return async (req, res) => {
    if (!req.url.startsWith('/login/')) return callback(req, res);
    const { params } = await provider.interactionDetails(req, res);
    return provider.interactionFinished(req, res, { login: { accountId: params.login_hint } });
  };
}

let serve;
const server = createServer(async (req, res) => {
  try {
    if (req.method === 'POST' && req.url === '/test/rotate') {
      serve = newProvider(issuer, saveKeys(newKeys()));
      return res.writeHead(204).end();
    }
    return await serve(req, res);
  } catch (error) {
    console.error(error);
    return res.writeHead(500).end();
  }
});
let issuer;
server.listen(Number(options.port), '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  serve = newProvider(issuer, loadKeys());
  console.log(issuer);
});
process.stdin.on('end', () => process.exit(0)).resume();
