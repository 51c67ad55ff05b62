import { FirebaseError, initializeApp } from '@firebase/app'
import {
  type Auth,
  connectAuthEmulator,
  initializeAuth,
  inMemoryPersistence,
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

/** Proves who somebody is and returns the ID token. Fails with an Error whose message is fit to show. */
export async function idTokenFor(config: PublicConfig, email: string, password: string): Promise<string> {
  try {
    const credential = await signInWithEmailAndPassword(authOf(config), email, password)
    return await credential.user.getIdToken()
  } catch (error) {
    throw new Error(explain(error), { cause: error })
  }
}

function explain(error: unknown): string {
  switch (error instanceof FirebaseError ? error.code : '') {
    case 'auth/invalid-credential':
    case 'auth/wrong-password':
    case 'auth/user-not-found':
      return 'That email and password do not match an account.'
    case 'auth/invalid-email':
      return 'That does not look like an email address.'
    case 'auth/user-disabled':
      return 'This sign-in has been disabled. Ask the owner of your account.'
    case 'auth/too-many-requests':
      return 'Too many attempts. Wait a few minutes and try again.'
    case 'auth/network-request-failed':
      return 'The sign-in service could not be reached. Check your connection and try again.'
    default:
      return 'Sign-in did not work. Try again in a moment.'
  }
}
