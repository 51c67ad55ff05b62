import type { Permission } from '../../api/types'

export interface Entry {
  to:
    | '/settings/members'
    | '/settings/roles'
    | '/settings/sessions'
    | '/settings/live'
    | '/settings/keys'
    | '/settings/audit'
    | '/settings/account'
  name: string
  permission: Permission
}

/** The pages under Settings, in their order, each with what it takes to see it. */
export const entries: Entry[] = [
  { to: '/settings/members', name: 'Members', permission: 'member:read' },
  { to: '/settings/roles', name: 'Roles', permission: 'self:manage' },
  { to: '/settings/sessions', name: 'Your sessions', permission: 'self:manage' },
  { to: '/settings/live', name: 'Live connections', permission: 'live:manage' },
  { to: '/settings/keys', name: 'API keys', permission: 'key:manage' },
  { to: '/settings/audit', name: 'Audit log', permission: 'security:read' },
  { to: '/settings/account', name: 'Account', permission: 'account:manage' },
]
