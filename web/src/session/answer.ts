/** Where an OpenID provider sends people back to. */
export const callbackPath = '/sign-in/callback'

let answer: URLSearchParams | undefined

/**
 * Takes a provider's answer out of the address, before anything else reads it: neither the address bar, nor the history, nor
 * what the router remembers of a page ever has the token in it.
 */
export function catchAnswer(): void {
  if (location.pathname !== callbackPath) return
  const { hash, search } = location
  // The token comes behind the #. Some providers put an error into the query all the same.
  answer = new URLSearchParams(hash.slice(1) || search)
  history.replaceState(history.state, '', callbackPath)
}

/** The answer that was caught, once. */
export function takeAnswer(): URLSearchParams {
  const taken = answer ?? new URLSearchParams()
  answer = undefined
  return taken
}
