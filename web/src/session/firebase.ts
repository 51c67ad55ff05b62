import { FirebaseError, initializeApp } from '@firebase/app'
import {
  type Auth,
  connectAuthEmulator,
  createUserWithEmailAndPassword,
  initializeAuth,
  inMemoryPersistence,
  OAuthProvider,
  sendEmailVerification,
  sendPasswordResetEmail,
  signInWithCredential,
  signInWithEmailAndPassword,
} from '@firebase/auth'
import type { PublicConfig } from '../api/types'

let auth: Auth | undefined

function authOf({ firebase }: PublicConfig): Auth {
  if (auth) return auth
  const app = initializeApp({
    apiKey: firebase.apiKey,
    authDomain: firebase.authDomain,
    projectId: firebase.projectId,
  })
  // The session is Fieldboard's own, so nothing of Firebase's is kept in the browser.
  const made = initializeAuth(app, { persistence: inMemoryPersistence })
  if (firebase.emulatorUrl) connectAuthEmulator(made, firebase.emulatorUrl, { disableWarnings: true })
  auth = made
  return made
}

// Each of these fails with an Error whose message is fit to show.

/** Proves who somebody is and returns the ID token. */
export async function idTokenFor(config: PublicConfig, email: string, password: string): Promise<string> {
  try {
    const credential = await signInWithEmailAndPassword(authOf(config), email, password)
    return await credential.user.getIdToken()
  } catch (error) {
    throw explained(error)
  }
}

/** The same with the ID token of a provider, whose nonce is the hash of `rawNonce`. */
export async function idTokenOf(
  config: PublicConfig,
  { id, name }: { id: string; name: string },
  idToken: string,
  rawNonce: string,
): Promise<string> {
  try {
    const proof = new OAuthProvider(id).credential({ idToken, rawNonce })
    const credential = await signInWithCredential(authOf(config), proof)
    return await credential.user.getIdToken()
  } catch (error) {
    if (!refusedToken.has(codeOf(error))) throw explained(error)
    throw new Error(`What ${name} said of you was not accepted. Try again, or use your password.`, {
      cause: error,
    })
  }
}

/**
 * Makes a sign-in for an address. When the address has one and the password is its password, that will do; with another
 * password nothing is made, and `taken` says so.
 */
export async function newIdToken(
  config: PublicConfig,
  email: string,
  password: string,
): Promise<{ idToken: string } | { taken: true }> {
  try {
    const credential = await createUserWithEmailAndPassword(authOf(config), email, password)
    return { idToken: await credential.user.getIdToken() }
  } catch (error) {
    if (codeOf(error) !== 'auth/email-already-in-use') throw explained(error)
  }
  try {
    const credential = await signInWithEmailAndPassword(authOf(config), email, password)
    return { idToken: await credential.user.getIdToken() }
  } catch (error) {
    if (wrongPassword.has(codeOf(error))) return { taken: true }
    throw explained(error)
  }
}

/** Another ID token of whoever proved who they are, last: it has what has become known of them since. */
export async function freshIdToken(): Promise<string> {
  if (!auth?.currentUser) throw new Error('Sign in once more.')
  try {
    return await auth.currentUser.getIdToken(true)
  } catch (error) {
    throw explained(error)
  }
}

/** Sends the mail by which whoever proved who they are, last, proves that their address is theirs. */
export async function sendVerification(): Promise<void> {
  if (!auth?.currentUser) throw new Error('Sign in once more, then ask for the mail again.')
  try {
    await sendEmailVerification(auth.currentUser)
  } catch (error) {
    throw explained(error)
  }
}

/** Sends a link to set a new password. That an address has no sign-in is not told: nobody is to find out who is in. */
export async function sendPasswordReset(config: PublicConfig, email: string): Promise<void> {
  try {
    await sendPasswordResetEmail(authOf(config), email)
  } catch (error) {
    if (codeOf(error) !== 'auth/user-not-found') throw explained(error)
  }
}

const wrongPassword = new Set(['auth/invalid-credential', 'auth/wrong-password', 'auth/user-not-found'])

const refusedToken = new Set([
  'auth/invalid-credential',
  'auth/missing-or-invalid-nonce',
  'auth/operation-not-allowed',
])

function codeOf(error: unknown): string {
  return error instanceof FirebaseError ? error.code : ''
}

function explained(error: unknown): Error {
  return new Error(explain(codeOf(error)), { cause: error })
}

function explain(code: string): string {
  switch (code) {
    case 'auth/invalid-credential':
    case 'auth/wrong-password':
    case 'auth/user-not-found':
      return 'That email and password do not match an account.'
    case 'auth/invalid-email':
    case 'auth/missing-email':
      return 'That does not look like an email address.'
    case 'auth/weak-password':
    case 'auth/password-does-not-meet-requirements':
      return 'That password is too easy to guess. Choose a longer one.'
    case 'auth/user-disabled':
      return 'This sign-in has been disabled. Ask the owner of your account.'
    case 'auth/too-many-requests':
      return 'Too many attempts. Wait a few minutes and try again.'
    case 'auth/network-request-failed':
      return 'The sign-in service could not be reached. Check your connection and try again.'
    case 'auth/account-exists-with-different-credential':
      return 'This address signs in with a password. Use that instead.'
    default:
      return 'Sign-in did not work. Try again in a moment.'
  }
}
