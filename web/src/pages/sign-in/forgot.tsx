import { Alert, Button, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { configQuery } from '../../api/queries'
import { Told } from '../../ui/dialog'
import { Door, DoorLink } from '../../ui/door'
import form from '../../ui/form.module.css'
import { explainSignIn } from './refused'

interface Props {
  email: string
  onEmail: (email: string) => void
  onBack: () => void
}

/** Sends a link to set a new password, and says the same whether or not the address has a sign-in. */
export function ForgotPassword({ email, onEmail, onBack }: Props) {
  const queries = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [sentTo, setSentTo] = useState('')
  const [failure, setFailure] = useState('')

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const address = email.trim()
    if (!address) {
      setFailure('Enter your email.')
      return
    }
    setBusy(true)
    setFailure('')
    try {
      const config = await queries.fetchQuery(configQuery())
      const { sendPasswordReset } = await import('../../session/firebase')
      await sendPasswordReset(config, address)
      setSentTo(address)
    } catch (error) {
      setFailure(explainSignIn(error).text)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Door title="Set a new password" text={sentTo ? undefined : 'We send you a link to set one.'}>
      {sentTo ? (
        <Alert color="gray" variant="light" role="status" data-testid="reset-sent">
          If {sentTo} signs in to Fieldboard with a password, a mail with a link is on its way. It may take a
          few minutes.
        </Alert>
      ) : (
        <>
          {failure && <Told>{failure}</Told>}
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
            />
            <Button type="submit" size="md" loading={busy} fullWidth>
              Send the link
            </Button>
          </form>
        </>
      )}
      <DoorLink onClick={onBack}>Back to sign-in</DoorLink>
    </Door>
  )
}
