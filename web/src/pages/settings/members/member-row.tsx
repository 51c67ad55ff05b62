import { ActionIcon, Button, Menu } from '@mantine/core'
import {
  IconChevronDown,
  IconCrown,
  IconDevices,
  IconDots,
  IconLink,
  IconUserCheck,
  IconUserMinus,
  IconUserOff,
} from '@tabler/icons-react'
import type { AccountMember, Role } from '../../../api/types'
import { roleName, roleText } from '../../../format/words'
import { useCan } from '../../../session/context'
import { Person } from '../../../ui/person'
import { Status } from '../../../ui/status'
import rows from '../rows.module.css'
import { type ActionKind, menuId } from './actions'
import { type Change, nameOf } from './members'
import classes from './members.module.css'

interface Props {
  member: AccountMember
  /** The same person in Jobber, where they are known. */
  person: string | undefined
  /** The roles that one may give. */
  grantable: Role[]
  busy: boolean
  onChange: (change: Change) => void
  onAction: (kind: ActionKind) => void
}

export function MemberRow({ member, person, grantable, busy, onChange, onAction }: Props) {
  const can = useCan()
  const name = nameOf(member)
  // Nobody changes themselves, nor somebody who may do more than they do.
  const manages = can('member:manage') && !member.current && grantable.includes(member.role)
  const seesSessions = can('session:manage') && !member.current
  const transfers = can('owner:transfer') && !member.current && member.status === 'active'
  const off = member.status === 'disabled'
  return (
    <li className={rows.row} data-off={off || undefined} data-testid="member" data-entity={member.id}>
      <span className={rows.lead}>
        <Person name={name} />
      </span>
      <div className={rows.main}>
        <div className={rows.title}>
          <span className={rows.name}>{name}</span>
          {member.current && <Status value="you" label="You" />}
          {off && <Status value="disabled" label="Disabled" />}
        </div>
        <div className={rows.about}>
          {member.name && member.email}
          <JobberPerson member={member} person={person} />
        </div>
      </div>
      <div className={rows.facts}>
        <span className={classes.role}>
          {manages ? (
            <RoleMenu
              name={name}
              role={member.role}
              roles={grantable}
              busy={busy}
              onPick={role => onChange({ role })}
            />
          ) : (
            <span className={classes.fixed}>{roleName(member.role)}</span>
          )}
        </span>
      </div>
      <div className={rows.actions}>
        {(manages || seesSessions || transfers) && (
          <Menu id={menuId(member)} position="bottom-end" width={220} shadow="md">
            <Menu.Target>
              <ActionIcon aria-label={`Actions for ${name}`}>
                <IconDots size={18} stroke={1.6} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {seesSessions && (
                <Menu.Item
                  leftSection={<IconDevices size={16} stroke={1.6} />}
                  onClick={() => onAction('sessions')}
                >
                  Sessions
                </Menu.Item>
              )}
              {manages && (
                <Menu.Item
                  leftSection={<IconLink size={16} stroke={1.6} />}
                  onClick={() => onAction('person')}
                >
                  Person in Jobber
                </Menu.Item>
              )}
              {transfers && (
                <Menu.Item
                  leftSection={<IconCrown size={16} stroke={1.6} />}
                  onClick={() => onAction('transfer')}
                >
                  Make the owner
                </Menu.Item>
              )}
              {manages && <Menu.Divider />}
              {manages &&
                (off ? (
                  <Menu.Item
                    leftSection={<IconUserCheck size={16} stroke={1.6} />}
                    onClick={() => onChange({ status: 'active' })}
                  >
                    Enable
                  </Menu.Item>
                ) : (
                  <Menu.Item
                    leftSection={<IconUserOff size={16} stroke={1.6} />}
                    onClick={() => onAction('disable')}
                  >
                    Disable
                  </Menu.Item>
                ))}
              {manages && (
                <Menu.Item
                  color="var(--fb-red)"
                  leftSection={<IconUserMinus size={16} stroke={1.6} />}
                  onClick={() => onAction('remove')}
                >
                  Remove
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
    </li>
  )
}

/** Who somebody is in Jobber. Only a technician sees less without it. */
function JobberPerson({ member, person }: { member: AccountMember; person: string | undefined }) {
  const before = member.name ? ' · ' : ''
  if (member.jobberUserId) {
    return (
      <>
        {before}
        {person ? `${person} in Jobber` : 'Linked to Jobber'}
      </>
    )
  }
  if (member.role !== 'technician') return null
  return (
    <>
      {before}
      <span className={classes.unlinked}>Not linked to a person in Jobber</span>
    </>
  )
}

interface RoleMenuProps {
  name: string
  role: Role
  roles: Role[]
  busy: boolean
  onPick: (role: Role) => void
}

function RoleMenu({ name, role, roles, busy, onPick }: RoleMenuProps) {
  return (
    <Menu position="bottom-end" width={300} shadow="md">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          // Not "loading": a button that cannot be pressed loses the focus.
          aria-busy={busy}
          className={classes.picker}
          rightSection={<IconChevronDown size={14} stroke={1.8} aria-hidden />}
          aria-label={`Role of ${name}: ${roleName(role)}. Change it`}
        >
          {roleName(role)}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup value={role} onChange={picked => picked !== role && onPick(picked as Role)}>
          {roles.map(option => (
            <Menu.RadioItem key={option} value={option} closeMenuOnClick>
              <span className={classes.option}>
                {roleName(option)}
                <small>{roleText(option)}</small>
              </span>
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  )
}
