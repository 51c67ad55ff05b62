import {
  IconAlertTriangle,
  IconBriefcase,
  IconCalendarEvent,
  IconCalendarTime,
  IconCash,
  IconCircleCheck,
  IconFileCheck,
  IconFileDollar,
  IconFileText,
  IconHome,
  IconInbox,
  IconPlugConnected,
  IconPlugConnectedX,
  IconRefresh,
  IconSend,
  IconSettings,
  IconShield,
  IconTrash,
  IconUser,
  IconUsers,
} from '@tabler/icons-react'

const byType: Record<string, typeof IconUser> = {
  'visit.completed': IconCircleCheck,
  'job.completed': IconCircleCheck,
  'job.closed': IconCircleCheck,
  'visit.rescheduled': IconCalendarTime,
  'visit.late': IconAlertTriangle,
  'job.late': IconAlertTriangle,
  'invoice.overdue': IconAlertTriangle,
  'quote.sent': IconSend,
  'quote.changes_requested': IconFileText,
  'quote.approved': IconFileCheck,
  'quote.converted': IconFileCheck,
  'invoice.issued': IconSend,
  'invoice.paid': IconFileCheck,
  'security.settings_changed': IconSettings,
  'sync.failed': IconAlertTriangle,
  'jobber.disconnected': IconPlugConnectedX,
}

const bySubject: Record<string, typeof IconUser> = {
  client: IconUser,
  user: IconUser,
  property: IconHome,
  request: IconInbox,
  quote: IconFileText,
  job: IconBriefcase,
  visit: IconCalendarEvent,
  invoice: IconFileDollar,
  payment: IconCash,
  sync: IconRefresh,
  jobber: IconPlugConnected,
  member: IconUsers,
  security: IconShield,
}

export function eventIcon(type: string): typeof IconUser {
  const [subject = '', verb] = type.split('.')
  return byType[type] ?? (verb === 'deleted' ? IconTrash : (bySubject[subject] ?? IconRefresh))
}
