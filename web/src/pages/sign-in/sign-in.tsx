import { Alert, Button, PasswordInput, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { configQuery } from '../../api/queries'
import type { SignInProvider } from '../../api/types'
import { useSession, useSessionState } from '../../session/context'
import { Told } from '../../ui/dialog'
import { Door, DoorLink } from '../../ui/door'
import form from '../../ui/form.module.css'
import { Splash } from '../splash'
import { ForgotPassword } from './forgot'
import { ProviderButtons, useLeaving } from './providers'
import { explainSignIn, type Refusal, Refused } from './refused'

const route = getRouteApi('/sign-in')

export function SignIn() {
  const state = useSessionState()
  const { next } = route.useSearch()
  // Which ways in there are is known before the card is drawn, so that it does not grow under one's hands.
  const config = useQuery(configQuery())
  if (state.status === 'signedIn') return <GoTo href={next ?? '/'} />
  if (state.status === 'starting' || config.isLoading) return <Splash />
  return (
    <Card
      ended={state.status === 'signedOut' && state.why === 'ended' ? (state.reason ?? ended) : ''}
      providers={config.data?.firebase.providers ?? []}
      next={next}
    />
  )
}

const ended = 'Your session has ended. Sign in to go on where you were.'

function GoTo({ href }: { href: string }) {
  const { history } = useRouter()
  useEffect(() => history.replace(href), [history, href])
  return <Splash />
}

function Card(card: Pick<Props, 'ended' | 'providers' | 'next'>) {
  const [email, setEmail] = useState('')
  const [forgot, setForgot] = useState(false)
  return forgot ? (
    <ForgotPassword email={email} onEmail={setEmail} onBack={() => setForgot(false)} />
  ) : (
    <SignInForm {...card} email={email} onEmail={setEmail} onForgot={() => setForgot(true)} />
  )
}

interface Props {
  /** Why somebody who was signed in no longer is; empty for all others. */
  ended: string
  providers: SignInProvider[]
  /** Where to go after it. */
  next: string | undefined
  email: string
  onEmail: (email: string) => void
  onForgot: () => void
}

function SignInForm({ ended, providers, next, email, onEmail, onForgot }: Props) {
  const session = useSession()
  const queries = useQueryClient()
  const [password, setPassword] = useState('')
  const [refusal, setRefusal] = useState<Refusal>()
  const [busy, setBusy] = useState(false)
  const { leaving, leave, failure } = useLeaving(next ? { next } : {})

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!email.trim() || !password) {
      setRefusal({ text: 'Enter your email and password.', unverified: false })
      return
    }
    setBusy(true)
    setRefusal(undefined)
    try {
      const config = await queries.fetchQuery(configQuery())
      const { idTokenFor } = await import('../../session/firebase')
      await session.open(await idTokenFor(config, email.trim(), password))
    } catch (error) {
      setRefusal(explainSignIn(error))
      setBusy(false)
    }
  }

  return (
    <Door title="Sign in to Fieldboard" name="Sign in" text="Your field-service business, live.">
      {ended && !refusal && (
        <Alert color="gray" variant="light" role="status" data-testid="sign-in-ended">
          {ended}
        </Alert>
      )}
      {refusal && <Refused refusal={refusal} />}
      {failure && <Told testId="sign-in-error">{failure}</Told>}
      <form className={form.form} onSubmit={submit} noValidate>
        <TextInput
          label="Email"
          type="email"
          name="email"
          autoComplete="username"
          autoFocus
          size="md"
          value={email}
          onChange={event => onEmail(event.currentTarget.value)}
          data-testid="sign-in-email"
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          size="md"
          value={password}
          onChange={event => setPassword(event.currentTarget.value)}
          data-testid="sign-in-password"
        />
        <Button
          type="submit"
          size="md"
          loading={busy}
          disabled={leaving !== ''}
          fullWidth
          data-testid="sign-in-submit"
        >
          Sign in
        </Button>
      </form>
      <ProviderButtons providers={providers} busy={busy ? 'password' : leaving} onChoose={leave} />
      <DoorLink onClick={onForgot}>Forgot your password?</DoorLink>
    </Door>
  )
}
