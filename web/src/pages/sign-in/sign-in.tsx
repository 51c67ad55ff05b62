import { Alert, Button, PasswordInput, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { configQuery } from '../../api/queries'
import type { PublicConfig } from '../../api/types'
import { useSession, useSessionState } from '../../session/context'
import { Door, DoorLink, WithGoogle } from '../../ui/door'
import form from '../../ui/form.module.css'
import { Splash } from '../splash'
import { ForgotPassword } from './forgot'
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
      google={Boolean(config.data?.firebase.providers?.includes('google.com'))}
    />
  )
}

const ended = 'Your session has ended. Sign in to go on where you were.'

function GoTo({ href }: { href: string }) {
  const { history } = useRouter()
  useEffect(() => history.replace(href), [history, href])
  return <Splash />
}

function Card({ ended, google }: { ended: string; google: boolean }) {
  const [email, setEmail] = useState('')
  const [forgot, setForgot] = useState(false)
  return forgot ? (
    <ForgotPassword email={email} onEmail={setEmail} onBack={() => setForgot(false)} />
  ) : (
    <SignInForm
      ended={ended}
      google={google}
      email={email}
      onEmail={setEmail}
      onForgot={() => setForgot(true)}
    />
  )
}

interface Props {
  /** Why somebody who was signed in no longer is; empty for all others. */
  ended: string
  google: boolean
  email: string
  onEmail: (email: string) => void
  onForgot: () => void
}

function SignInForm({ ended, google, email, onEmail, onForgot }: Props) {
  const session = useSession()
  const queries = useQueryClient()
  const [password, setPassword] = useState('')
  const [refusal, setRefusal] = useState<Refusal>()
  const [busy, setBusy] = useState<'' | 'password' | 'google'>('')

  const open = async (way: 'password' | 'google', prove: (config: PublicConfig) => Promise<string>) => {
    setBusy(way)
    setRefusal(undefined)
    try {
      const config = await queries.fetchQuery(configQuery())
      await session.open(await prove(config))
    } catch (error) {
      setRefusal(explainSignIn(error))
      setBusy('')
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!email.trim() || !password) {
      setRefusal({ text: 'Enter your email and password.', unverified: false })
      return
    }
    void open('password', async config => {
      const { idTokenFor } = await import('../../session/firebase')
      return idTokenFor(config, email.trim(), password)
    })
  }
  const byGoogle = () =>
    void open('google', async config => {
      const { idTokenByGoogle } = await import('../../session/firebase')
      return idTokenByGoogle(config)
    })

  return (
    <Door title="Sign in to Fieldboard" name="Sign in" text="Your field-service business, live.">
      {ended && !refusal && (
        <Alert color="gray" variant="light" role="status" data-testid="sign-in-ended">
          {ended}
        </Alert>
      )}
      {refusal && <Refused refusal={refusal} />}
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
          loading={busy === 'password'}
          disabled={busy === 'google'}
          fullWidth
          data-testid="sign-in-submit"
        >
          Sign in
        </Button>
      </form>
      {google && <WithGoogle busy={busy === 'google'} onClick={byGoogle} />}
      <DoorLink onClick={onForgot}>Forgot your password?</DoorLink>
    </Door>
  )
}
