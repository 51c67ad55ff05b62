import type { Visit } from '../../../api/types'
import { weekDay } from '../../../format/time'
import type { Format } from '../../../format/use-format'
import { oneLine } from '../../../format/words'
import { People } from '../../../ui/person'
import { Status } from '../../../ui/status'
import { clientLink, date, dateTime, RecordLink } from '../parts'
import type { Spec } from '../spec'

function visitTime(visit: Visit, format: Format): string {
  if (!visit.startAt) return 'Not scheduled'
  return visit.allDay ? 'All day' : format.span(visit.startAt, visit.endAt)
}

export const visits: Spec<'visits'> = {
  collection: 'visits',
  searches: 'Search by title or client',
  statuses: ['late', 'inProgress', 'upcoming', 'completed', 'unscheduled'],
  defaultSort: '',
  sorts: [],
  name: visit => visit.title || visit.clientName || 'Visit',
  context: visit => [visit.clientName, oneLine(visit.address)].filter(Boolean).join(' · '),
  status: visit => visit.state,
  figure: (visit, format) =>
    [visit.startAt && weekDay(format.day(visit.startAt)), visit.startAt && visitTime(visit, format)]
      .filter(Boolean)
      .join(', '),
  columns: [
    { header: 'Client', cell: visit => visit.clientName },
    { header: 'State', cell: visit => <Status value={visit.state} /> },
    { header: 'Day', cell: (visit, format) => visit.startAt && weekDay(format.day(visit.startAt)) },
    { header: 'Time', cell: visitTime },
    { header: 'Address', cell: visit => oneLine(visit.address), wideOnly: true },
    { header: 'Assigned', cell: visit => <People people={visit.assignedUsers ?? []} /> },
  ],
  fields: [
    { label: 'Client', value: clientLink },
    {
      label: 'Job',
      value: visit =>
        visit.jobId && (
          <RecordLink collection="jobs" id={visit.jobId}>
            {visit.jobNumber ? `#${visit.jobNumber}` : 'Open the job'}
          </RecordLink>
        ),
    },
    { label: 'Day', value: (visit, format) => date(visit.startAt, format) },
    { label: 'Time', value: visitTime },
    { label: 'Completed', value: (visit, format) => dateTime(visit.completedAt, format) },
    { label: 'Address', value: visit => oneLine(visit.address) },
    {
      label: 'Assigned to',
      value: visit => visit.assignedUsers?.map(user => user.name).join(', ') || 'Nobody yet',
    },
  ],
  emptyTitle: 'No visits',
  empty: 'None are scheduled for these days.',
}
