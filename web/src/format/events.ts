import { capital, nounOf } from './words'

const phrases: Record<string, string> = {
  'visit.completed': 'Visit completed',
  'visit.rescheduled': 'Visit rescheduled',
  'quote.sent': 'Quote sent',
  'quote.approved': 'Quote approved',
  'quote.converted': 'Quote converted to a job',
  'job.completed': 'Job completed',
  'invoice.issued': 'Invoice issued',
  'invoice.paid': 'Invoice paid',
  'payment.received': 'Payment received',
  'payment.refunded': 'Payment refunded',
  'sync.progress': 'Copying from Jobber',
  'sync.completed': 'Copy from Jobber finished',
  'sync.failed': 'Copy from Jobber failed',
  'jobber.connected': 'Jobber connected',
  'jobber.disconnected': 'Jobber disconnected',
}

const verbs: Record<string, string> = { created: 'added', updated: 'updated', deleted: 'deleted' }

/** What an event says to people: `Visit completed`, `Client added`. */
export function eventPhrase(type: string): string {
  const known = phrases[type]
  if (known) return known
  const [subject = '', verb = ''] = type.split('.')
  const collection = subject === 'property' ? 'properties' : `${subject}s`
  return capital(`${nounOf(collection).one} ${verbs[verb] ?? verb}`)
}
