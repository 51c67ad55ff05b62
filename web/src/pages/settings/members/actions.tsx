import type { AccountMember } from '../../../api/types'
import { DisableDialog } from './disable'
import { PersonDialog } from './person-dialog'
import { RemoveDialog } from './remove'
import { SessionsDrawer } from './sessions-drawer'
import { TransferDialog } from './transfer'

export type ActionKind = 'sessions' | 'person' | 'transfer' | 'disable' | 'remove'

export interface Action {
  kind: ActionKind
  member: AccountMember
  opened: boolean
}

export interface ActionProps {
  member: AccountMember
  opened: boolean
  onClose: () => void
  /** Where the focus goes afterwards; a removed member's menu is gone. */
  returnTo: string[]
}

/** Of a member’s menu, which Mantine gives to its button. */
export function menuId(member: AccountMember): string {
  return `member-${member.id}`
}

const dialogs = {
  sessions: SessionsDrawer,
  person: PersonDialog,
  transfer: TransferDialog,
  disable: DisableDialog,
  remove: RemoveDialog,
}

/** What a member's menu leads to. */
export function ActionDialog({
  action: { kind, member, opened },
  onClose,
}: {
  action: Action
  onClose: () => void
}) {
  const Shown = dialogs[kind]
  return <Shown member={member} opened={opened} onClose={onClose} returnTo={[menuId(member), 'invite']} />
}
