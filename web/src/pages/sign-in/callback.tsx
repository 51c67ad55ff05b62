import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { configQuery } from '../../api/queries'
import { takeAnswer } from '../../session/answer'
import { useSession, useSessionState } from '../../session/context'
import { arrive, type Outcome, type Purpose } from '../../session/provider'
import { Door } from '../../ui/door'
import { WithToken } from '../join/join'
import { Splash } from '../splash'
import { explainSignIn, type Refusal, Refused } from './refused'

type View =
  | { kind: 'joining'; invitation: string; idToken: string }
  | { kind: 'failed'; title: string; text?: string; refusal?: Refusal; purpose: Purpose }

/** Where an OpenID provider sends people back to, with an ID token or with why there is none. */
export function ProviderCallback() {
  const session = useSession()
  const { status } = useSessionState()
  const queries = useQueryClient()
  const { history } = useRouter()
  const [view, setView] = useState<View>()
  const begun = useRef(false)

  useEffect(() => {
    // An answer is used once. A session that is being resumed would take the place of the one that it opens.
    if (begun.current || status === 'starting') return
    begun.current = true
    const finish = async () => {
      const outcome = await arrive(takeAnswer())
      if ('problem' in outcome) {
        setView(failureOf(outcome))
        return
      }
      const { departure } = outcome
      try {
        const config = await queries.fetchQuery(configQuery())
        const { idTokenOf } = await import('../../session/firebase')
        const idToken = await idTokenOf(config, departure.provider, outcome.idToken, departure.nonce)
        if (departure.invitation) {
          setView({ kind: 'joining', invitation: departure.invitation, idToken })
          return
        }
        await session.open(idToken)
        history.replace(departure.next ?? '/')
      } catch (error) {
        setView({
          kind: 'failed',
          title: 'You could not be signed in',
          refusal: explainSignIn(error),
          purpose: departure,
        })
      }
    }
    void finish()
  }, [status, session, queries, history])

  switch (view?.kind) {
    case undefined:
      return <Splash />
    case 'joining':
      return <WithToken token={view.invitation} proof={view.idToken} />
    case 'failed':
      return <Failed {...view} />
  }
}

function failureOf({ problem, departure }: Extract<Outcome, { problem: string }>): View {
  const provider = departure?.provider.name ?? 'the provider'
  const told = {
    denied: {
      title: 'You did not sign in',
      text: `It was cancelled at ${provider}, which told us nothing of you.`,
    },
    stale: {
      title: 'This sign-in is over',
      text: 'It was started too long ago, or has been used already. Start again.',
    },
    foreign: {
      title: 'This sign-in was not started here',
      text: 'The answer belongs to no sign-in of this tab, so nobody was signed in. Start again.',
    },
    broken: {
      title: `Signing in with ${provider} did not work`,
      text: 'It answered with an error. Try again in a moment, or use your password.',
    },
  }[problem]
  return { kind: 'failed', ...told, purpose: departure ?? {} }
}

function Failed({ title, text, refusal, purpose }: Omit<Extract<View, { kind: 'failed' }>, 'kind'>) {
  const { navigate } = useRouter()
  const { invitation, next } = purpose
  return (
    <Door title={title} name="Sign in" text={text} testId="sign-in-failed">
      {refusal && <Refused refusal={refusal} />}
      {invitation ? (
        <Button size="md" fullWidth onClick={() => void navigate({ to: '/join', hash: invitation })}>
          Back to the invitation
        </Button>
      ) : (
        <Button
          size="md"
          fullWidth
          onClick={() => void navigate({ to: '/sign-in', search: next ? { next } : {} })}
        >
          Back to sign-in
        </Button>
      )}
    </Door>
  )
}
