/**
 * Of several servers, the one that has an avatar: one that has it not leads there (307).
 *
 * A browser follows by itself, but leaves the token behind, and across two borders shows no origin that the other could
 * allow. So what is asked of an avatar of ours is not followed: where it is, is asked, and then that server itself.
 */

const OF_AN_AVATAR = /^(.*)(\/api\/v1\/avatars\/[^/]+)(\/.*)?$/;

/** As fetch; an avatar that another server has is asked for there, with the same headers. */
export async function fetchWherever(url, options = {}) {
  const asked = new URL(url, globalThis.document?.baseURI);
  const parts = OF_AN_AVATAR.exec(asked.pathname);
  if (!parts) return fetch(url, options);
  const response = await fetch(asked, { ...options, redirect: 'manual' });
  if (response.type !== 'opaqueredirect') return response;
  const address = await addressOf(new URL(`${parts[1]}${parts[2]}/where`, asked), options);
  // Somebody else’s redirect, such as a proxy’s: that is the browser’s affair.
  return fetch(address ? `${address}${parts[2]}${parts[3] ?? ''}${asked.search}` : asked, options);
}

async function addressOf(where, { headers, signal }) {
  const { Authorization } = headers ?? {};
  const response = await fetch(where, { headers: Authorization ? { Authorization } : {}, signal });
  const { here, address } = (await response.json().catch(() => null)) ?? {};
  return response.ok && here === false && /^https?:\/\//.test(address) ? address : '';
}
