import { Alert, Button, PasswordInput, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { ApiError } from '../../api/problem'
import { configQuery } from '../../api/queries'
import { useSession, useSessionState } from '../../session/context'
import { Mark } from '../../ui/brand'
import { Splash } from '../splash'
import classes from './sign-in.module.css'

const route = getRouteApi('/sign-in')

export function SignIn() {
  const state = useSessionState()
  const { next } = route.useSearch()
  if (state.status === 'starting') return <Splash />
  if (state.status === 'signedIn') return <GoTo href={next ?? '/'} />
  return <SignInForm ended={state.status === 'signedOut' && state.why === 'ended'} />
}

function GoTo({ href }: { href: string }) {
  const { history } = useRouter()
  useEffect(() => history.replace(href), [history, href])
  return <Splash />
}

function SignInForm({ ended }: { ended: boolean }) {
  const session = useSession()
  const queries = useQueryClient()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [failure, setFailure] = useState('')
  const [busy, setBusy] = useState(false)

  useEffect(() => {
    document.title = 'Sign in · Fieldboard'
  }, [])

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!email.trim() || !password) {
      setFailure('Enter your email and password.')
      return
    }
    setBusy(true)
    setFailure('')
    try {
      const config = await queries.fetchQuery(configQuery())
      const { idTokenFor } = await import('../../session/firebase')
      await session.open(await idTokenFor(config, email.trim(), password))
    } catch (error) {
      setFailure(explain(error))
      setBusy(false)
    }
  }

  return (
    <main className={classes.page}>
      <form className={classes.form} onSubmit={submit} noValidate>
        <div className={classes.brand}>
          <Mark size={36} />
          <h1>Sign in to Fieldboard</h1>
          <p>Your field-service business, live.</p>
        </div>
        {ended && !failure && (
          <Alert color="gray" variant="light" role="status">
            Your session has ended. Sign in to go on where you were.
          </Alert>
        )}
        {failure && (
          <Alert color="red" variant="light" role="alert" data-testid="sign-in-error">
            {failure}
          </Alert>
        )}
        <TextInput
          label="Email"
          type="email"
          name="email"
          autoComplete="username"
          autoFocus
          size="md"
          value={email}
          onChange={event => setEmail(event.currentTarget.value)}
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
        <Button type="submit" size="md" loading={busy} fullWidth data-testid="sign-in-submit">
          Sign in
        </Button>
      </form>
    </main>
  )
}

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : 'Sign-in did not work.'
  if (error.unreachable) return 'Fieldboard could not be reached. Check your connection and try again.'
  if (error.status === 401) return 'Sign-in was refused. Try again.'
  if (error.status === 403)
    return 'This sign-in belongs to no Fieldboard account. Ask the owner of your account to add you.'
  if (error.status === 429) return 'Too many attempts. Wait a minute and try again.'
  return 'Sign-in did not work. Try again in a moment.'
}
