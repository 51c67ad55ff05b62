import { FirebaseError } from '@firebase/app'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { idTokenOf, newIdToken, sendPasswordReset } from './firebase'

const sdk = vi.hoisted(() => ({
  create: vi.fn(),
  signIn: vi.fn(),
  reset: vi.fn(),
  byCredential: vi.fn(),
}))

vi.mock('@firebase/auth', () => ({
  initializeAuth: () => ({}),
  inMemoryPersistence: {},
  OAuthProvider: class {
    constructor(readonly id: string) {}
    credential(parts: object) {
      return { id: this.id, ...parts }
    }
  },
  connectAuthEmulator: () => {},
  signInWithCredential: sdk.byCredential,
  sendEmailVerification: vi.fn(),
  createUserWithEmailAndPassword: sdk.create,
  signInWithEmailAndPassword: sdk.signIn,
  sendPasswordResetEmail: sdk.reset,
}))

const config = { firebase: { apiKey: 'k', authDomain: 'd', projectId: 'p' }, realtimeUrl: '' }
const user = (token: string) => ({ user: { getIdToken: async () => token } })
const failure = (code: string) => new FirebaseError(code, code)

afterEach(() => {
  vi.resetAllMocks()
})

describe('a new sign-in', () => {
  const make = () => newIdToken(config, 'a@example.test', 'grape tractor')

  it('is made for an address that has none', async () => {
    sdk.create.mockResolvedValue(user('new'))
    expect(await make()).toEqual({ idToken: 'new' })
    expect(sdk.signIn).not.toHaveBeenCalled()
  })

  it('is the one that the address has, when the password is its password', async () => {
    sdk.create.mockRejectedValue(failure('auth/email-already-in-use'))
    sdk.signIn.mockResolvedValue(user('old'))
    expect(await make()).toEqual({ idToken: 'old' })
  })

  it('is taken when it is not', async () => {
    sdk.create.mockRejectedValue(failure('auth/email-already-in-use'))
    sdk.signIn.mockRejectedValue(failure('auth/invalid-credential'))
    expect(await make()).toEqual({ taken: true })
  })

  it('fails with words for people', async () => {
    sdk.create.mockRejectedValue(failure('auth/weak-password'))
    await expect(make()).rejects.toThrow('too easy to guess')
    sdk.create.mockRejectedValue(failure('auth/email-already-in-use'))
    sdk.signIn.mockRejectedValue(failure('auth/too-many-requests'))
    await expect(make()).rejects.toThrow('Too many attempts')
  })
})

describe('a provider’s ID token', () => {
  const give = () => idTokenOf(config, { id: 'oidc.okta', name: 'Okta' }, 'theirs', 'raw')

  it('is handed to Firebase with the nonce that it was asked with', async () => {
    sdk.byCredential.mockResolvedValue(user('ours'))
    expect(await give()).toBe('ours')
    expect(sdk.byCredential.mock.calls[0]?.[1]).toEqual({
      id: 'oidc.okta',
      idToken: 'theirs',
      rawNonce: 'raw',
    })
  })

  it.each([
    ['auth/invalid-credential', 'What Okta said of you was not accepted'],
    ['auth/missing-or-invalid-nonce', 'What Okta said of you was not accepted'],
    ['auth/account-exists-with-different-credential', 'signs in with a password'],
    ['auth/user-disabled', 'has been disabled'],
  ])('that is refused for %s says so', async (code, shown) => {
    sdk.byCredential.mockRejectedValue(failure(code))
    await expect(give()).rejects.toThrow(shown)
  })
})

describe('a link for a new password', () => {
  it('is the same for an address without a sign-in', async () => {
    sdk.reset.mockRejectedValue(failure('auth/user-not-found'))
    await expect(sendPasswordReset(config, 'a@example.test')).resolves.toBeUndefined()
  })

  it('fails where everybody’s would', async () => {
    sdk.reset.mockRejectedValue(failure('auth/network-request-failed'))
    await expect(sendPasswordReset(config, 'a@example.test')).rejects.toThrow('could not be reached')
  })
})
