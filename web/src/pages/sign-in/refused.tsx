import { Button } from '@mantine/core'
import { useState } from 'react'
import { ApiError, sentenceOf } from '../../api/problem'
import { Told } from '../../ui/dialog'

export interface Refusal {
  text: string
  /** The address has still to be verified, which a mail does. */
  unverified: boolean
}

export function explainSignIn(error: unknown): Refusal {
  if (!(error instanceof ApiError)) {
    return { text: error instanceof Error ? error.message : 'Sign-in did not work.', unverified: false }
  }
  const { status, code, message } = error
  const told = code !== 'unknown'
  if (status === 403) {
    return {
      text: told
        ? message
        : 'This sign-in belongs to no Fieldboard account. Ask the owner of your account to add you.',
      unverified: code === 'email_unverified',
    }
  }
  if (status === 401) return { text: told ? message : 'Sign-in was refused. Try again.', unverified: false }
  if (status >= 500) return { text: 'Sign-in did not work. Try again in a moment.', unverified: false }
  return { text: sentenceOf(error), unverified: false }
}

/** Why somebody may not come in, with the way on where there is one. */
export function Refused({ refusal: { text, unverified } }: { refusal: Refusal }) {
  return (
    <Told testId="sign-in-error">
      {text}
      {unverified && <SendVerification />}
    </Told>
  )
}

/** Sends the verification mail once more. */
export function SendVerification() {
  const [state, setState] = useState<'' | 'sending' | 'sent'>('')
  const [failure, setFailure] = useState('')
  const send = async () => {
    setState('sending')
    setFailure('')
    try {
      const { sendVerification } = await import('../../session/firebase')
      await sendVerification()
      setState('sent')
    } catch (error) {
      setFailure(error instanceof Error ? error.message : 'The mail could not be sent.')
      setState('')
    }
  }
  return (
    <div role="status" style={{ marginTop: 8 }}>
      {state === 'sent' ? (
        <p>The mail is on its way. Open its link, then sign in again.</p>
      ) : (
        <Button variant="default" size="xs" loading={state === 'sending'} onClick={() => void send()}>
          Send the verification mail again
        </Button>
      )}
      {failure && <p style={{ marginTop: 8 }}>{failure}</p>}
    </div>
  )
}
