import { Button } from '@mantine/core'
import { IconUserPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { jobberUsersQuery, keys, membersQuery, rolesQuery } from '../../../api/queries'
import type { AccountMember, Role } from '../../../api/types'
import { count } from '../../../format/number'
import { aRole } from '../../../format/words'
import { useCan, useSession } from '../../../session/context'
import { Failure } from '../../../ui/failure'
import { Panel } from '../../../ui/panel'
import { tellDone, tellFailed } from '../../../ui/toast'
import rows from '../rows.module.css'
import { Waiting } from '../waiting'
import { type Action, ActionDialog } from './actions'
import { Invitations } from './invitations'
import { InviteDialog } from './invite'
import { MemberRow } from './member-row'
import classes from './members.module.css'

export interface Change {
  role?: Role
  status?: AccountMember['status']
  jobberUserId?: string
}

export function Members() {
  const session = useSession()
  const can = useCan()
  const queries = useQueryClient()
  const manages = can('member:manage')
  const members = useQuery(membersQuery(session))
  const roles = useQuery({ ...rolesQuery(session), enabled: manages })
  const people = useQuery({ ...jobberUsersQuery(session), enabled: can('record:read') })
  const [inviting, setInviting] = useState(false)
  const [action, setAction] = useState<Action>()

  const grantable = (roles.data ?? []).filter(role => role.grantable).map(role => role.role)

  const change = useMutation({
    mutationFn: ({ member, change }: { member: AccountMember; change: Change }) =>
      session.fetch<AccountMember>(`/api/v1/members/${encodeURIComponent(member.id)}`, {
        method: 'PATCH',
        body: change,
      }),
    onSuccess: async (changed, { change }) => {
      await queries.invalidateQueries({ queryKey: keys.members })
      if (change.role) tellDone(`${nameOf(changed)} is now ${aRole(change.role)}.`)
      if (change.status === 'active') tellDone(`${nameOf(changed)} can sign in again.`)
    },
    onError: (error, { member }) => tellFailed(`${nameOf(member)} was not changed`, error),
  })

  return (
    <>
      <Panel
        title="Members"
        aside={
          <span className={classes.aside}>
            {members.data && <span className={classes.count}>{count(members.data.length)}</span>}
            {manages && (
              <Button
                id="invite"
                size="xs"
                leftSection={<IconUserPlus size={16} stroke={1.8} aria-hidden />}
                onClick={() => setInviting(true)}
              >
                Invite
              </Button>
            )}
          </span>
        }
      >
        {members.data ? (
          <ul className={rows.rows} aria-label="Members">
            {members.data.map(member => (
              <MemberRow
                key={member.id}
                member={member}
                person={people.data?.find(person => person.id === member.jobberUserId)?.name}
                grantable={grantable}
                busy={change.isPending && change.variables.member.id === member.id}
                onChange={change_ => change.mutate({ member, change: change_ })}
                onAction={kind => setAction({ kind, member, opened: true })}
              />
            ))}
          </ul>
        ) : members.isError ? (
          <Failure error={members.error} onRetry={() => void members.refetch()} />
        ) : (
          <Waiting what="the members" />
        )}
      </Panel>
      {manages && <Invitations />}
      {manages && <InviteDialog opened={inviting} onClose={() => setInviting(false)} grantable={grantable} />}
      {action && (
        <ActionDialog
          key={`${action.kind}/${action.member.id}`}
          action={action}
          onClose={() => setAction({ ...action, opened: false })}
        />
      )}
    </>
  )
}

/** What somebody is called; their address when they gave no name. */
export function nameOf(person: { name: string; email: string }): string {
  return person.name || person.email
}
