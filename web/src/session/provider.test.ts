import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { callbackPath, catchAnswer, takeAnswer } from './answer'
import { arrive, leaveFor, type Purpose } from './provider'

const google = {
  id: 'google.com',
  name: 'Google',
  authorizationUrl: 'https://accounts.test/authorize?policy=a',
  clientId: 'client-1',
}

const assign = vi.fn()

beforeEach(() => {
  vi.stubGlobal('location', { origin: 'https://fieldboard.test', assign })
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  assign.mockReset()
  sessionStorage.clear()
})

/** Leaves, and returns the parameters that the provider got. */
async function leave(purpose: Purpose = {}) {
  await leaveFor(google, purpose)
  return new URL(String(assign.mock.calls.at(-1)?.[0])).searchParams
}

const tokenWith = (claims: object) => {
  const bytes = new TextEncoder().encode(JSON.stringify({ name: 'Jürgen', ...claims }))
  return `e30.${btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '')}.`
}

/** The provider's good answer, but for the changes. */
const answerTo = (asked: URLSearchParams, changes: Record<string, string | undefined> = {}) => {
  const values = {
    state: asked.get('state') ?? '',
    id_token: tokenWith({ nonce: asked.get('nonce') }),
    ...changes,
  }
  return new URLSearchParams(Object.entries(values).filter((pair): pair is [string, string] => !!pair[1]))
}

describe('leaving for a provider', () => {
  it('asks for an ID token behind the #, and keeps what the provider says of itself', async () => {
    const asked = await leave()
    expect(String(assign.mock.calls[0]?.[0])).toMatch(/^https:\/\/accounts\.test\/authorize\?/)
    expect(Object.fromEntries(asked)).toEqual({
      policy: 'a',
      response_type: 'id_token',
      response_mode: 'fragment',
      scope: 'openid email profile',
      client_id: 'client-1',
      redirect_uri: 'https://fieldboard.test/sign-in/callback',
      state: expect.stringMatching(/^[0-9a-f]{64}$/),
      nonce: expect.stringMatching(/^[0-9a-f]{64}$/),
      prompt: 'select_account',
    })
  })

  it('uses another state and nonce each time', async () => {
    const [first, second] = [await leave(), await leave()]
    expect(first.get('state')).not.toBe(second.get('state'))
    expect(first.get('nonce')).not.toBe(second.get('nonce'))
  })

  it('stays where nothing can be kept', async () => {
    const setItem = () => {
      throw new DOMException('denied')
    }
    vi.stubGlobal('sessionStorage', { setItem })
    await expect(leaveFor(google, {})).rejects.toThrow('Use your password')
    expect(assign).not.toHaveBeenCalled()
  })
})

describe('a provider’s answer', () => {
  it('gives the token, what it was for, and the nonce whose hash the provider got', async () => {
    const asked = await leave({ next: '/visits', invitation: 'inv' })
    const answer = answerTo(asked)
    const outcome = await arrive(answer)
    expect(outcome).toMatchObject({
      idToken: answer.get('id_token'),
      departure: { next: '/visits', invitation: 'inv', provider: { id: 'google.com', name: 'Google' } },
    })
    expect('idToken' in outcome && outcome.departure.nonce).not.toBe(asked.get('nonce'))
  })

  it('counts once', async () => {
    const asked = await leave()
    await arrive(answerTo(asked))
    expect(sessionStorage).toHaveLength(0)
    expect(await arrive(answerTo(asked))).toEqual({ problem: 'stale' })
  })

  it('is not used with another state, nor after that', async () => {
    const asked = await leave({ invitation: 'inv' })
    expect(await arrive(answerTo(asked, { state: 'guessed' }))).toMatchObject({
      problem: 'foreign',
      departure: { invitation: 'inv' },
    })
    expect(await arrive(answerTo(asked))).toEqual({ problem: 'stale' })
  })

  it.each([
    ['without a state', { state: undefined }, 'foreign'],
    ['with the token of another sign-in', { id_token: tokenWith({ nonce: 'other' }) }, 'foreign'],
    ['with a token without a nonce', { id_token: tokenWith({}) }, 'broken'],
    ['with what is no token', { id_token: 'x.%%%.y' }, 'broken'],
    ['without a token', { id_token: undefined }, 'broken'],
    ['that it was cancelled', { error: 'access_denied', id_token: undefined }, 'denied'],
    ['with an error', { error: 'server_error' }, 'broken'],
    ['with an error of another sign-in', { error: 'access_denied', state: 'guessed' }, 'foreign'],
  ] as const)('%s is told apart', async (_, changes, problem) => {
    const asked = await leave()
    expect(await arrive(answerTo(asked, changes))).toMatchObject({ problem })
  })

  it('is too late after a quarter of an hour', async () => {
    const answer = answerTo(await leave())
    expect(await arrive(answer, Date.now() + 16 * 60_000)).toMatchObject({ problem: 'stale' })
  })

  it('is none when the page was only opened', async () => {
    await leave()
    expect(await arrive(new URLSearchParams())).toMatchObject({ problem: 'stale' })
  })
})

describe('the address', () => {
  const at = (pathname: string, hash: string, search = '') => {
    vi.stubGlobal('location', { pathname, hash, search })
    return vi.spyOn(history, 'replaceState').mockImplementation(() => {})
  }

  it('loses the answer at once, which is then given out once', () => {
    const replaced = at(callbackPath, '#state=s&id_token=t')
    catchAnswer()
    expect(replaced).toHaveBeenCalledWith(history.state, '', '/sign-in/callback')
    expect(takeAnswer().get('id_token')).toBe('t')
    expect([...takeAnswer()]).toEqual([])
  })

  it('has an error in its query, with some providers', () => {
    at(callbackPath, '', '?error=access_denied&state=s')
    catchAnswer()
    expect(takeAnswer().get('error')).toBe('access_denied')
  })

  it('is left alone elsewhere', () => {
    const replaced = at('/join', '#invitation')
    catchAnswer()
    expect(replaced).not.toHaveBeenCalled()
    expect([...takeAnswer()]).toEqual([])
  })
})
