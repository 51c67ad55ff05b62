import { ActionIcon, Menu } from '@mantine/core'
import { IconDots, IconMailX, IconRefresh } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sentenceOf } from '../../../api/problem'
import { invitationsQuery, keys } from '../../../api/queries'
import { useSubmission } from '../../../api/submission'
import type { Invitation, NewInvitation } from '../../../api/types'
import { until } from '../../../format/time'
import { useFormat } from '../../../format/use-format'
import { roleName } from '../../../format/words'
import { useSession } from '../../../session/context'
import { Confirm, Dialog } from '../../../ui/dialog'
import { Failure } from '../../../ui/failure'
import { useNow } from '../../../ui/now'
import { Panel } from '../../../ui/panel'
import { Person } from '../../../ui/person'
import { Status } from '../../../ui/status'
import { tellFailed } from '../../../ui/toast'
import rows from '../rows.module.css'
import { InvitationLink } from './invitation-link'
import { nameOf } from './members'

/** Who was invited and has not come yet. */
export function Invitations() {
  const session = useSession()
  const list = useQuery(invitationsQuery(session))
  const [renewed, setRenewed] = useState<{ invitation: NewInvitation; opened: boolean }>()
  const [withdrawing, setWithdrawing] = useState<{ invitation: Invitation; opened: boolean }>()

  if (list.isError && !list.data) {
    return (
      <Panel title="Invitations">
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      </Panel>
    )
  }
  const open = (list.data ?? []).filter(invitation => invitation.status !== 'accepted')
  return (
    <>
      {open.length > 0 && (
        <Panel title="Invitations">
          <ul className={rows.rows} aria-label="Invitations">
            {open.map(invitation => (
              <Row
                key={invitation.id}
                invitation={invitation}
                onRenewed={renewed => setRenewed({ invitation: renewed, opened: true })}
                onWithdraw={() => setWithdrawing({ invitation, opened: true })}
              />
            ))}
          </ul>
        </Panel>
      )}
      {renewed && (
        <Dialog
          opened={renewed.opened}
          onClose={() => setRenewed({ ...renewed, opened: false })}
          title={`New link for ${renewed.invitation.email}`}
          returnTo={[menuId(renewed.invitation), 'invite']}
          insistent
        >
          <InvitationLink
            invitation={renewed.invitation}
            onDone={() => setRenewed({ ...renewed, opened: false })}
          />
        </Dialog>
      )}
      {withdrawing && (
        <Withdraw
          key={withdrawing.invitation.id}
          {...withdrawing}
          onClose={() => setWithdrawing({ ...withdrawing, opened: false })}
        />
      )}
    </>
  )
}

function menuId(invitation: Invitation): string {
  return `invitation-${invitation.id}`
}

function Row({
  invitation,
  onRenewed,
  onWithdraw,
}: {
  invitation: Invitation
  onRenewed: (invitation: NewInvitation) => void
  onWithdraw: () => void
}) {
  const session = useSession()
  const queries = useQueryClient()
  const submission = useSubmission()
  const format = useFormat()
  const now = useNow()
  const { id, email, name, role, invitedBy, expiresAt } = invitation
  const expired = invitation.status === 'expired' || Date.parse(expiresAt) <= now
  const renew = useMutation({
    mutationFn: () =>
      session.fetch<NewInvitation>(`/api/v1/invitations/${encodeURIComponent(id)}/renewals`, {
        method: 'POST',
        idempotencyKey: submission.keyOf(id),
      }),
    onSuccess: async fresh => {
      submission.settled()
      onRenewed(fresh)
      await queries.invalidateQueries({ queryKey: keys.invitations })
    },
    onError: error => {
      submission.settled(error)
      tellFailed('There is no new link', error)
    },
  })
  return (
    <li className={rows.row} data-off={expired || undefined} data-testid="invitation" data-entity={id}>
      <span className={rows.lead}>
        <Person name={nameOf(invitation)} />
      </span>
      <div className={rows.main}>
        <div className={rows.title}>
          <span className={rows.name}>{nameOf(invitation)}</span>
          <Status value={expired ? 'expired' : 'pending'} />
        </div>
        <div className={rows.about}>
          {[name && email, invitedBy && `Invited by ${invitedBy}`].filter(Boolean).join(' · ')}
        </div>
      </div>
      <div className={rows.facts}>
        <span>{roleName(role)}</span>
        <time dateTime={expiresAt} title={format.dateTime(expiresAt)}>
          {expired ? `Expired ${format.date(expiresAt)}` : `Expires ${until(expiresAt, now)}`}
        </time>
      </div>
      <div className={rows.actions}>
        <Menu id={menuId(invitation)} position="bottom-end" width={200} shadow="md">
          <Menu.Target>
            <ActionIcon loading={renew.isPending} aria-label={`Actions for the invitation of ${email}`}>
              <IconDots size={18} stroke={1.6} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconRefresh size={16} stroke={1.6} />} onClick={() => renew.mutate()}>
              Make a new link
            </Menu.Item>
            <Menu.Item
              color="var(--fb-red)"
              leftSection={<IconMailX size={16} stroke={1.6} />}
              onClick={onWithdraw}
            >
              Withdraw
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
    </li>
  )
}

function Withdraw({
  invitation,
  opened,
  onClose,
}: {
  invitation: Invitation
  opened: boolean
  onClose: () => void
}) {
  const session = useSession()
  const queries = useQueryClient()
  const withdraw = useMutation({
    mutationFn: () =>
      session.fetch(`/api/v1/invitations/${encodeURIComponent(invitation.id)}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keys.invitations })
      onClose()
    },
  })
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      returnTo={[menuId(invitation), 'invite']}
      title="Withdraw the invitation?"
      confirm="Withdraw"
      busy={withdraw.isPending}
      failure={withdraw.isError ? sentenceOf(withdraw.error) : undefined}
      onConfirm={() => withdraw.mutate()}
    >
      <p>The link that {invitation.email} has will no longer work. You can invite them again.</p>
    </Confirm>
  )
}
