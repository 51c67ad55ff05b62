export const shortestPassword = 10

export interface Strength {
  /** 0 to 3. */
  level: 0 | 1 | 2 | 3
  word: string
}

/** Runs that make a password long and no harder to guess. */
const common = /passw|qwert|asdf|12345|abcde|letmein|welcome|iloveyou|admin|fieldboard/

/**
 * How hard a password is to guess, roughly: by its length, unless it is made of what everybody tries first. `known` is what
 * others know of the person, such as their address.
 */
export function strengthOf(password: string, known: string[] = []): Strength {
  const text = password.toLowerCase()
  if (password.length < shortestPassword) return { level: 0, word: `At least ${shortestPassword} characters` }
  const different = new Set(text).size
  const parts = known
    .flatMap(part => part.toLowerCase().split(/[^\p{L}\p{N}]+/u))
    .filter(part => part.length > 3)
  const guessable = different < 6 || common.test(text) || parts.some(part => text.includes(part))
  const score = password.length + different - (guessable ? 12 : 0)
  if (score < 18) return { level: 1, word: 'Easy to guess' }
  if (score < 26) return { level: 2, word: 'Good' }
  return { level: 3, word: 'Strong' }
}
