import { valueName } from '../../../format/words'
import { Status } from '../../../ui/status'
import { cents, clientLink, date, dateTime, numbered, owed } from '../parts'
import { lastChanged, type Spec } from '../spec'

export const jobs: Spec<'jobs'> = {
  collection: 'jobs',
  searches: 'Search by number, title or client',
  statuses: [
    'active',
    'late',
    'today',
    'upcoming',
    'unscheduled',
    'action_required',
    'requires_invoicing',
    'archived',
  ],
  defaultSort: '-updatedAt',
  sorts: [
    lastChanged,
    { value: '-createdAt', label: 'Newest' },
    { value: '-startAt', label: 'Latest start' },
    { value: '-totalCents', label: 'Largest', finance: true },
  ],
  name: job => numbered(job.number, job.title) || 'Job',
  context: job => job.clientName ?? '',
  status: job => job.status,
  figure: (job, format) => cents(job.totalCents, format) ?? undefined,
  figureIsFinance: true,
  columns: [
    { header: 'Client', cell: job => job.clientName },
    { header: 'Status', cell: job => <Status value={job.status} /> },
    { header: 'Type', cell: job => job.jobType && valueName(job.jobType), wideOnly: true },
    {
      header: 'Starts',
      sort: 'startAt',
      downFirst: true,
      cell: (job, format) => date(job.startAt, format),
      numeric: true,
      wideOnly: true,
    },
    {
      header: 'To invoice',
      cell: (job, format) => owed(job.uninvoicedCents, format),
      numeric: true,
      finance: true,
      wideOnly: true,
    },
    {
      header: 'Total',
      sort: 'totalCents',
      downFirst: true,
      cell: (job, format) => cents(job.totalCents, format),
      numeric: true,
      finance: true,
    },
  ],
  fields: [
    { label: 'Client', value: clientLink },
    { label: 'Type', value: job => job.jobType && valueName(job.jobType) },
    { label: 'Starts', value: (job, format) => date(job.startAt, format) },
    { label: 'Ends', value: (job, format) => date(job.endAt, format) },
    { label: 'Completed', value: (job, format) => dateTime(job.completedAt, format) },
    { label: 'Total', value: (job, format) => cents(job.totalCents, format), finance: true },
    { label: 'Not yet invoiced', value: (job, format) => cents(job.uninvoicedCents, format), finance: true },
    { label: 'Created', value: (job, format) => dateTime(job.createdAt, format) },
  ],
  empty: 'Jobs made in Jobber show here.',
}
