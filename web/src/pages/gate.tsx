import { Outlet, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { LiveProvider } from '../live/provider'
import { useSession, useSessionState } from '../session/context'
import { Failure } from '../ui/failure'
import { Shell } from './shell'
import { Splash } from './splash'

/** Everything behind the sign-in. Where somebody wanted to go survives it. */
export function Gate() {
  const session = useSession()
  const state = useSessionState()

  switch (state.status) {
    case 'starting':
      return <Splash />
    case 'unreachable':
      return (
        <main style={{ display: 'flex', minHeight: '100dvh' }}>
          <Failure error={state.error} onRetry={() => void session.start()} />
        </main>
      )
    case 'signedOut':
      return <ToSignIn returning={state.why !== 'left'} />
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

/** Leaves once, keeping the address unless it was left on purpose: while the sign-in page loads, the location is already its own. */
function ToSignIn({ returning }: { returning: boolean }) {
  const router = useRouter()
  useEffect(() => {
    const { href } = router.state.location
    void router.navigate({
      to: '/sign-in',
      search: !returning || href === '/' ? {} : { next: href },
      replace: true,
    })
  }, [router, returning])
  return <Splash />
}
