import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react'
import type { Account, Member, Permission, Scope } from '../api/types'
import type { Session, SessionState } from './session'

const SessionContext = createContext<Session | null>(null)

export function SessionProvider({ session, children }: { session: Session; children: ReactNode }) {
  return <SessionContext value={session}>{children}</SessionContext>
}

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (!session) throw new Error('useSession outside SessionProvider')
  return session
}

export function useSessionState(): SessionState {
  const session = useSession()
  return useSyncExternalStore(session.subscribe, session.snapshot)
}

/** Who is signed in. Only for what is shown behind the sign-in. */
export function useIdentity(): { account: Account; member: Member } {
  const state = useSessionState()
  if (state.status !== 'signedIn') throw new Error('useIdentity while signed out')
  return state
}

/** Whether one holds a permission for the whole account. */
export function useCan(): (permission: Permission) => boolean {
  const { member } = useIdentity()
  return permission => member.grants[permission] === 'account'
}

/** For how much of the account one holds a permission; undefined when not at all. */
export function useScope(): (permission: Permission) => Scope | undefined {
  const { member } = useIdentity()
  return permission => member.grants[permission]
}
