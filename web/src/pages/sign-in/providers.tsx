import { Button } from '@mantine/core'
import { IconLogin2 } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import type { SignInProvider } from '../../api/types'
import { leaveFor, type Purpose } from '../../session/provider'
import door from '../../ui/door.module.css'

/** Leaving for a provider: which one it is while the browser is on its way, and why it could not go. */
export function useLeaving(purpose: Purpose) {
  const [leaving, setLeaving] = useState('')
  const [failure, setFailure] = useState('')
  // Whoever comes back by the browser's button finds the page as they left it.
  useEffect(() => {
    const back = (event: PageTransitionEvent) => event.persisted && setLeaving('')
    window.addEventListener('pageshow', back)
    return () => window.removeEventListener('pageshow', back)
  }, [])
  const leave = (provider: SignInProvider) => {
    setLeaving(provider.id)
    setFailure('')
    leaveFor(provider, purpose).catch(error => {
      setLeaving('')
      setFailure(error instanceof Error ? error.message : `${provider.name} could not be reached.`)
    })
  }
  return { leaving, leave, failure }
}

interface Props {
  providers: SignInProvider[]
  /** Its id is that of the provider that is being asked. */
  busy: string
  onChoose: (provider: SignInProvider) => void
}

/** The ways in besides email and password; nothing where there are none. */
export function ProviderButtons({ providers, busy, onChoose }: Props) {
  if (providers.length === 0) return null
  return (
    <>
      <span className={door.or}>or</span>
      {providers.map(provider => (
        <Button
          key={provider.id}
          variant="default"
          size="md"
          fullWidth
          loading={busy === provider.id}
          disabled={busy !== '' && busy !== provider.id}
          onClick={() => onChoose(provider)}
          leftSection={provider.id === 'google.com' ? <GoogleMark /> : <IconLogin2 size={18} aria-hidden />}
          data-testid={`sign-in-${provider.id}`}
        >
          Continue with {provider.name}
        </Button>
      ))}
    </>
  )
}

/** Google asks for its own colours on a button that leads to it. */
function GoogleMark() {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden>
      <path
        fill="#4285f4"
        d="M17.64 9.2c0-.64-.06-1.25-.16-1.84H9v3.48h4.84a4.14 4.14 0 0 1-1.8 2.72v2.26h2.92c1.7-1.57 2.68-3.88 2.68-6.62z"
      />
      <path
        fill="#34a853"
        d="M9 18c2.43 0 4.47-.8 5.96-2.18l-2.92-2.26c-.8.54-1.84.86-3.04.86-2.34 0-4.33-1.58-5.04-3.71H.96v2.33A9 9 0 0 0 9 18z"
      />
      <path fill="#fbbc05" d="M3.96 10.71a5.41 5.41 0 0 1 0-3.42V4.96H.96a9 9 0 0 0 0 8.08z" />
      <path
        fill="#ea4335"
        d="M9 3.58c1.32 0 2.5.45 3.44 1.35l2.58-2.59A9 9 0 0 0 .96 4.96l3 2.33C4.67 5.16 6.66 3.58 9 3.58z"
      />
    </svg>
  )
}
