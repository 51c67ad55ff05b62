import { Button } from '@mantine/core'
import type { NewInvitation } from '../../../api/types'
import { useFormat } from '../../../format/use-format'
import { CopyBox } from '../../../ui/copy-box'
import { DialogFoot } from '../../../ui/dialog'

/** The link of an invitation, the one time that it can be seen. */
export function InvitationLink({ invitation, onDone }: { invitation: NewInvitation; onDone: () => void }) {
  const format = useFormat()
  const { email, link, mailed, expiresAt } = invitation
  return (
    <>
      <p>
        {mailed === true
          ? `A mail is on its way to ${email}. Its own link also confirms the address; pass this one on if the mail does not arrive.`
          : mailed === false
            ? `The mail to ${email} could not be sent. Pass this link on yourself.`
            : `Whoever opens this link and proves to be ${email} joins. Pass it on to them.`}{' '}
        The invitation is good for one use until {format.dateTime(expiresAt)}, and this link is shown only
        now.
      </p>
      <CopyBox label="Link" value={link} focused testId="invitation-link" />
      <DialogFoot>
        <Button onClick={onDone}>Done</Button>
      </DialogFoot>
    </>
  )
}
