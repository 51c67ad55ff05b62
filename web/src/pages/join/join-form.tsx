import { Button, PasswordInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { call } from '../../api/http'
import { ApiError, sentenceOf } from '../../api/problem'
import { configQuery } from '../../api/queries'
import { useSubmission } from '../../api/submission'
import type { InvitationOffer, PublicConfig, SignInProvider } from '../../api/types'
import { aRole } from '../../format/words'
import { useSession } from '../../session/context'
import { Told } from '../../ui/dialog'
import { Door, DoorLink } from '../../ui/door'
import form from '../../ui/form.module.css'
import { ProviderButtons, useLeaving } from '../sign-in/providers'
import { explainSignIn } from '../sign-in/refused'
import classes from './join.module.css'
import { shortestPassword, strengthOf } from './strength'

interface Props {
  token: string
  offer: InvitationOffer
  /** The ID token of whoever came back from a provider to join. */
  proof: string | undefined
  providers: SignInProvider[]
  /** Whether the session is about to open, which the page must not take for one that was there before. */
  onJoining: (joining: boolean) => void
  /** In the business, but not let in before the address is verified. */
  onUnverified: () => void
}

export function JoinForm({ token, offer, proof, providers, onJoining, onUnverified }: Props) {
  const session = useSession()
  const queries = useQueryClient()
  const router = useRouter()
  const submission = useSubmission()
  const accepted = useRef(false)
  const [password, setPassword] = useState('')
  const [known, setKnown] = useState(false)
  const [failure, setFailure] = useState('')
  const [wrong, setWrong] = useState('')
  const [tooShort, setTooShort] = useState(false)
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  const { leaving, leave, failure: leavingFailed } = useLeaving({ invitation: token })
  const { accountName, email, name, role, invitedBy } = offer

  const join = async (prove: (config: PublicConfig) => Promise<string | undefined>) => {
    setBusy(true)
    setFailure('')
    setWrong('')
    setNote('')
    try {
      const config = await queries.fetchQuery(configQuery())
      const idToken = await prove(config)
      if (idToken === undefined) return
      // An invitation is taken up once; what failed after that is tried again without it.
      if (!accepted.current) {
        const body = { token, idToken }
        const idempotencyKey = submission.keyOf(body)
        await call('/api/v1/invitations/acceptances', { method: 'POST', body, idempotencyKey }).catch(
          error => {
            submission.settled(error)
            throw error
          },
        )
        accepted.current = true
      }
      // Whoever came by the mail has shown that the address is theirs, which the first ID token cannot know.
      const { freshIdToken } = await import('../../session/firebase')
      await openSession(await freshIdToken())
    } catch (error) {
      setFailure(error instanceof ApiError ? sentenceOf(error) : explainSignIn(error).text)
    } finally {
      setBusy(false)
    }
  }

  const begun = useRef(false)
  useEffect(() => {
    if (!proof || begun.current) return
    begun.current = true
    void join(async () => proof)
  })

  const openSession = async (idToken: string) => {
    onJoining(true)
    try {
      await session.open(idToken)
    } catch (error) {
      onJoining(false)
      const refusal = explainSignIn(error)
      if (refusal.unverified) onUnverified()
      else setFailure(`You have joined ${accountName}, but could not be signed in. ${refusal.text}`)
      return
    }
    await router.navigate({ to: '/', replace: true })
  }

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!known && password.length < shortestPassword) {
      setTooShort(true)
      return
    }
    if (!password) {
      setWrong('Enter your password.')
      return
    }
    void join(async config => {
      const { idTokenFor, newIdToken } = await import('../../session/firebase')
      if (known) return idTokenFor(config, email, password)
      const made = await newIdToken(config, email, password)
      if ('idToken' in made) return made.idToken
      setKnown(true)
      setPassword('')
      setWrong('')
      setNote(`${email} signs in to Fieldboard already. Enter the password that it has.`)
      return undefined
    })
  }

  const reset = async () => {
    setFailure('')
    try {
      const config = await queries.fetchQuery(configQuery())
      const { sendPasswordReset } = await import('../../session/firebase')
      await sendPasswordReset(config, email)
      setNote(`A mail with a link to set a new password is on its way to ${email}. Then come back and join.`)
    } catch (error) {
      setFailure(explainSignIn(error).text)
    }
  }

  return (
    <Door
      title={`Join ${accountName}`}
      name="Join"
      text={[invitedBy ? `${invitedBy} invited you` : 'You are invited', `as ${aRole(role)}.`].join(' ')}
    >
      {(failure || leavingFailed) && <Told testId="join-error">{failure || leavingFailed}</Told>}
      {note && !failure && (
        <Told tone="gray" testId="join-note">
          {note}
        </Told>
      )}
      <dl className={classes.who}>
        {name && (
          <div>
            <dt>Name</dt>
            <dd>{name}</dd>
          </div>
        )}
        <div>
          <dt>Email</dt>
          <dd>{email}</dd>
        </div>
      </dl>
      <form className={form.form} onSubmit={submit} noValidate>
        {/* Password managers keep the password under this address. */}
        <input type="email" name="email" autoComplete="username" value={email} readOnly hidden />
        <div>
          <PasswordInput
            key={String(known)}
            label={known ? 'Your password' : 'Choose a password'}
            name="password"
            autoComplete={known ? 'current-password' : 'new-password'}
            autoFocus
            size="md"
            value={password}
            onChange={event => {
              setPassword(event.currentTarget.value)
              setWrong('')
              setTooShort(false)
            }}
            // What is wrong with a short one is said below it all along.
            error={wrong || tooShort}
            aria-invalid={Boolean(wrong) || tooShort}
            aria-describedby={known ? undefined : 'strength'}
            data-testid="join-password"
          />
          {!known && <Strength password={password} known={[email, name, accountName]} wrong={tooShort} />}
        </div>
        <Button
          type="submit"
          size="md"
          loading={busy}
          disabled={leaving !== ''}
          fullWidth
          data-testid="join-submit"
        >
          Join
        </Button>
      </form>
      <ProviderButtons providers={providers} busy={busy ? 'password' : leaving} onChoose={leave} />
      {known && <DoorLink onClick={() => void reset()}>Forgot your password?</DoorLink>}
    </Door>
  )
}

function Strength({ password, known, wrong }: { password: string; known: string[]; wrong: boolean }) {
  const { level, word } = strengthOf(password, known)
  return (
    <div
      className={classes.strength}
      data-level={password ? level : undefined}
      data-wrong={wrong || undefined}
    >
      <span className={classes.bars} aria-hidden>
        <span />
        <span />
        <span />
      </span>
      <span id="strength" role="status">
        {word}
      </span>
    </div>
  )
}
