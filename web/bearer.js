/** The header that shows a token, none for ''. */
export function bearer(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}
