import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { isPassing } from '../../api/problem'
import { configQuery, offerQuery } from '../../api/queries'
import type { InvitationOffer } from '../../api/types'
import { useSession, useSessionState } from '../../session/context'
import { Told } from '../../ui/dialog'
import { Door } from '../../ui/door'
import { Failure } from '../../ui/failure'
import { ButtonLink } from '../../ui/link'
import { SendVerification } from '../sign-in/refused'
import { Splash } from '../splash'
import { JoinForm } from './join-form'

/** Where an invitation's link leads. Its token stands behind the #, which no request carries. */
export function Join() {
  const router = useRouter()
  const [token] = useState(() => router.state.location.hash.replace(/^#/, ''))
  // It is read once; after that neither the address bar nor the history has it.
  useEffect(() => {
    if (router.state.location.hash) router.history.replace('/join')
  }, [router])
  return token ? (
    <WithToken token={token} />
  ) : (
    <NoGood text="This link is not complete. Open it from your invitation again." />
  )
}

/** `proof` is the ID token of whoever has shown who they are already. */
export function WithToken({ token, proof }: { token: string; proof?: string }) {
  const state = useSessionState()
  const offer = useQuery(offerQuery(token))
  const config = useQuery(configQuery())
  const [joining, setJoining] = useState(false)
  const [unverified, setUnverified] = useState(false)

  if (unverified) return <Unverified offer={offer.data} />
  if (offer.isError) {
    return isPassing(offer.error) ? (
      <main style={{ display: 'flex', minHeight: '100dvh' }}>
        <Failure error={offer.error} onRetry={() => void offer.refetch()} />
      </main>
    ) : (
      <NoGood text="It may have expired, been used already, or been taken back. Ask whoever invited you for a new one." />
    )
  }
  if (!offer.data || config.isLoading || state.status === 'starting') return <Splash />
  if (state.status === 'signedIn' && !joining) {
    return <SignedInAlready offer={offer.data} email={state.member.email} business={state.account.name} />
  }
  return (
    <JoinForm
      token={token}
      offer={offer.data}
      proof={proof}
      providers={config.data?.firebase.providers ?? []}
      onJoining={setJoining}
      onUnverified={() => setUnverified(true)}
    />
  )
}

function NoGood({ text }: { text: string }) {
  return (
    <Door title="This invitation is not good" name="Join" text={text}>
      <ButtonLink to="/sign-in" size="md" variant="default" fullWidth>
        Go to sign-in
      </ButtonLink>
    </Door>
  )
}

function SignedInAlready({
  offer,
  email,
  business,
}: {
  offer: InvitationOffer
  email: string
  business: string
}) {
  const session = useSession()
  const [busy, setBusy] = useState(false)
  const same = email.toLowerCase() === offer.email.toLowerCase()
  return (
    <Door
      title={same ? `You are in ${business}` : 'You are signed in as somebody else'}
      name="Join"
      text={
        same
          ? `You are signed in as ${email}. To join ${offer.accountName} instead, you have to leave ${business} first.`
          : `You are signed in as ${email} at ${business}. This invitation to ${offer.accountName} is for ${offer.email}.`
      }
    >
      {!same && (
        <Button
          size="md"
          fullWidth
          loading={busy}
          onClick={() => {
            setBusy(true)
            // Here it is over even when the server could not be told.
            session.signOut().catch(() => {})
          }}
        >
          Sign out and join
        </Button>
      )}
      <ButtonLink to="/" size="md" fullWidth variant={same ? 'filled' : 'default'}>
        Stay in {business}
      </ButtonLink>
    </Door>
  )
}

/** In the business, and kept out by its rule about addresses until the mail is answered. */
function Unverified({ offer }: { offer: InvitationOffer | undefined }) {
  return (
    <Door
      title={`You have joined ${offer?.accountName ?? 'the business'}`}
      name="Join"
      text="One thing is left: show that the address is yours."
    >
      <Told tone="gray">
        {offer?.accountName} lets in verified addresses only. Ask for the mail, open its link, then sign in.
        <SendVerification />
      </Told>
      <ButtonLink to="/sign-in" size="md" fullWidth>
        Go to sign-in
      </ButtonLink>
    </Door>
  )
}
