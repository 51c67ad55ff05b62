import { Navigate, Outlet, useLocation } from '@tanstack/react-router'
import { LiveProvider } from '../live/provider'
import { useSession, useSessionState } from '../session/context'
import { Failure } from '../ui/failure'
import { Shell } from './shell'
import { Splash } from './splash'

/** Everything behind the sign-in. Where somebody wanted to go survives it. */
export function Gate() {
  const session = useSession()
  const state = useSessionState()
  const location = useLocation()

  switch (state.status) {
    case 'starting':
      return <Splash />
    case 'unreachable':
      return (
        <main style={{ display: 'flex', minHeight: '100dvh' }}>
          <Failure error={state.error} onRetry={() => void session.start()} />
        </main>
      )
    case 'signedOut': {
      const next = location.href === '/' ? undefined : location.href
      return <Navigate to="/sign-in" search={next ? { next } : {}} replace />
    }
    case 'signedIn':
      return (
        <LiveProvider key={`${state.account.id}/${state.member.id}/${state.member.role}`}>
          <Shell>
            <Outlet />
          </Shell>
        </LiveProvider>
      )
  }
}
