import type { Collection, Visit } from '../../api/types'
import { weekDay } from '../../format/time'
import type { Format } from '../../format/use-format'
import { oneLine, valueName } from '../../format/words'
import { People } from '../../ui/person'
import { Status } from '../../ui/status'
import { cents, clientLink, date, dateTime, numbered, owed, RecordLink } from './parts'
import type { Spec } from './spec'

const newest = { value: '-updatedAt', label: 'Last changed' }

const clients: Spec<'clients'> = {
  collection: 'clients',
  searches: 'Search by name, email or phone',
  statuses: ['active', 'lead', 'archived'],
  defaultSort: 'name',
  sorts: [{ value: 'name', label: 'Name' }, newest],
  name: client => client.name,
  context: client =>
    [client.companyName !== client.name ? client.companyName : '', oneLine(client.billingAddress)]
      .filter(Boolean)
      .join(' · '),
  status: client => (client.isArchived ? 'archived' : client.isLead ? 'lead' : undefined),
  figure: (client, format) => owed(client.balanceCents, format) ?? undefined,
  figureIsFinance: true,
  columns: [
    { header: 'Phone', cell: client => client.phone, wideOnly: true },
    { header: 'Email', cell: client => client.email, wideOnly: true },
    { header: 'City', cell: client => client.billingAddress?.city },
    {
      header: 'Status',
      cell: client => {
        const status = client.isArchived ? 'archived' : client.isLead ? 'lead' : undefined
        return status ? <Status value={status} /> : 'Active'
      },
    },
    {
      header: 'Balance',
      cell: (client, format) => owed(client.balanceCents, format),
      numeric: true,
      finance: true,
    },
  ],
  fields: [
    { label: 'Company', value: client => client.companyName },
    { label: 'Contact', value: client => [client.firstName, client.lastName].filter(Boolean).join(' ') },
    {
      label: 'Email',
      value: client => client.email && <a href={`mailto:${client.email}`}>{client.email}</a>,
    },
    { label: 'Phone', value: client => client.phone && <a href={`tel:${client.phone}`}>{client.phone}</a> },
    { label: 'Billing address', value: client => oneLine(client.billingAddress) },
    { label: 'Balance', value: (client, format) => cents(client.balanceCents, format), finance: true },
    { label: 'Tags', value: client => client.tags?.join(', ') },
    { label: 'Client since', value: (client, format) => date(client.createdAt, format) },
  ],
  empty: 'Clients added in Jobber show here.',
}

const requests: Spec<'requests'> = {
  collection: 'requests',
  searches: 'Search by title or client',
  statuses: [
    'new',
    'unscheduled',
    'upcoming',
    'today',
    'overdue',
    'assessmentCompleted',
    'completed',
    'converted',
    'archived',
  ],
  defaultSort: '-createdAt',
  sorts: [{ value: '-createdAt', label: 'Newest' }, newest],
  name: request => request.title || 'Request',
  context: request => request.clientName ?? '',
  status: request => request.status,
  columns: [
    { header: 'Client', cell: request => request.clientName },
    { header: 'Status', cell: request => <Status value={request.status} /> },
    { header: 'Source', cell: request => request.source && valueName(request.source), wideOnly: true },
    {
      header: 'Received',
      cell: (request, format) => date(request.createdAt, format),
      sort: 'createdAt',
      downFirst: true,
      numeric: true,
    },
  ],
  fields: [
    { label: 'Client', value: clientLink },
    { label: 'Source', value: request => request.source && valueName(request.source) },
    { label: 'Received', value: (request, format) => dateTime(request.createdAt, format) },
  ],
  empty: 'Requests for work show here as clients send them.',
}

const quotes: Spec<'quotes'> = {
  collection: 'quotes',
  searches: 'Search by number, title or client',
  statuses: ['draft', 'awaitingResponse', 'changesRequested', 'approved', 'converted', 'archived'],
  defaultSort: '-createdAt',
  sorts: [{ value: '-createdAt', label: 'Newest' }, newest],
  name: quote => numbered(quote.number, quote.title) || 'Quote',
  context: quote => quote.clientName ?? '',
  status: quote => quote.status,
  figure: (quote, format) => cents(quote.totalCents, format) ?? undefined,
  figureIsFinance: true,
  columns: [
    { header: 'Client', cell: quote => quote.clientName },
    { header: 'Status', cell: quote => <Status value={quote.status} /> },
    {
      header: 'Created',
      cell: (quote, format) => date(quote.createdAt, format),
      sort: 'createdAt',
      downFirst: true,
      numeric: true,
      wideOnly: true,
    },
    { header: 'Sent', cell: (quote, format) => date(quote.sentAt, format), numeric: true, wideOnly: true },
    {
      header: 'Total',
      cell: (quote, format) => cents(quote.totalCents, format),
      numeric: true,
      finance: true,
    },
  ],
  fields: [
    { label: 'Client', value: clientLink },
    { label: 'Total', value: (quote, format) => cents(quote.totalCents, format), finance: true },
    { label: 'Created', value: (quote, format) => dateTime(quote.createdAt, format) },
    { label: 'Sent', value: (quote, format) => dateTime(quote.sentAt, format) },
  ],
  empty: 'Quotes made in Jobber show here.',
}

const jobs: Spec<'jobs'> = {
  collection: 'jobs',
  searches: 'Search by number, title or client',
  statuses: [
    'active',
    'late',
    'today',
    'upcoming',
    'unscheduled',
    'actionRequired',
    'requiresInvoicing',
    'archived',
  ],
  defaultSort: '-updatedAt',
  sorts: [newest, { value: '-createdAt', label: 'Newest' }],
  name: job => numbered(job.number, job.title) || 'Job',
  context: job => job.clientName ?? '',
  status: job => job.status,
  figure: (job, format) => cents(job.totalCents, format) ?? undefined,
  figureIsFinance: true,
  columns: [
    { header: 'Client', cell: job => job.clientName },
    { header: 'Status', cell: job => <Status value={job.status} /> },
    { header: 'Type', cell: job => job.jobType && valueName(job.jobType), wideOnly: true },
    { header: 'Starts', cell: (job, format) => date(job.startAt, format), numeric: true, wideOnly: true },
    {
      header: 'To invoice',
      cell: (job, format) => owed(job.uninvoicedCents, format),
      numeric: true,
      finance: true,
      wideOnly: true,
    },
    { header: 'Total', cell: (job, format) => cents(job.totalCents, format), numeric: true, finance: true },
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

function visitTime(visit: Visit, format: Format): string {
  if (!visit.startAt) return 'Not scheduled'
  return visit.allDay ? 'All day' : format.span(visit.startAt, visit.endAt)
}

const visits: Spec<'visits'> = {
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

const invoices: Spec<'invoices'> = {
  collection: 'invoices',
  searches: 'Search by number, subject or client',
  statuses: ['draft', 'awaitingPayment', 'pastDue', 'paid', 'badDebt', 'voided'],
  defaultSort: '-createdAt',
  sorts: [{ value: '-createdAt', label: 'Newest' }, newest],
  name: invoice => numbered(invoice.number, invoice.subject) || 'Invoice',
  context: invoice => invoice.clientName ?? '',
  status: invoice => invoice.status,
  figure: (invoice, format) => cents(invoice.totalCents, format) ?? undefined,
  figureIsFinance: true,
  columns: [
    { header: 'Client', cell: invoice => invoice.clientName },
    { header: 'Status', cell: invoice => <Status value={invoice.status} /> },
    {
      header: 'Issued',
      cell: (invoice, format) => date(invoice.issuedDate, format),
      numeric: true,
      wideOnly: true,
    },
    {
      header: 'Due',
      cell: (invoice, format) => date(invoice.dueDate, format),
      numeric: true,
      wideOnly: true,
    },
    {
      header: 'Balance',
      cell: (invoice, format) => owed(invoice.balanceCents, format),
      numeric: true,
      finance: true,
    },
    {
      header: 'Total',
      cell: (invoice, format) => cents(invoice.totalCents, format),
      numeric: true,
      finance: true,
    },
  ],
  fields: [
    { label: 'Client', value: clientLink },
    { label: 'Total', value: (invoice, format) => cents(invoice.totalCents, format), finance: true },
    { label: 'Of which tax', value: (invoice, format) => cents(invoice.taxCents, format), finance: true },
    { label: 'Balance', value: (invoice, format) => cents(invoice.balanceCents, format), finance: true },
    { label: 'Issued', value: (invoice, format) => date(invoice.issuedDate, format) },
    { label: 'Due', value: (invoice, format) => date(invoice.dueDate, format) },
    { label: 'Paid', value: (invoice, format) => date(invoice.receivedDate, format) },
  ],
  empty: 'Invoices made in Jobber show here.',
}

const payments: Spec<'payments'> = {
  collection: 'payments',
  searches: 'Search by client',
  statuses: [],
  defaultSort: '-entryDate',
  sorts: [{ value: '-entryDate', label: 'Newest' }],
  name: payment => (payment.adjustmentType ? valueName(payment.adjustmentType) : 'Payment'),
  context: payment => payment.clientName ?? '',
  figure: (payment, format) => cents(payment.amountCents, format) ?? undefined,
  figureIsFinance: true,
  columns: [
    { header: 'Client', cell: payment => payment.clientName },
    { header: 'Method', cell: payment => payment.paymentType && valueName(payment.paymentType) },
    {
      header: 'Date',
      cell: (payment, format) => date(payment.entryDate, format),
      sort: 'entryDate',
      downFirst: true,
      numeric: true,
    },
    {
      header: 'Amount',
      cell: (payment, format) => cents(payment.amountCents, format),
      numeric: true,
      finance: true,
    },
  ],
  fields: [
    { label: 'Client', value: clientLink },
    { label: 'Amount', value: (payment, format) => cents(payment.amountCents, format), finance: true },
    { label: 'Method', value: payment => payment.paymentType && valueName(payment.paymentType) },
    { label: 'Date', value: (payment, format) => date(payment.entryDate, format) },
    {
      label: 'Invoice',
      value: payment =>
        payment.invoiceId && (
          <RecordLink collection="invoices" id={payment.invoiceId}>
            Open the invoice
          </RecordLink>
        ),
    },
  ],
  empty: 'Payments recorded in Jobber show here.',
}

const all: { [C in Collection]: Spec<C> } = { clients, requests, quotes, jobs, visits, invoices, payments }

export function specOf<C extends Collection>(collection: C): Spec<C> {
  return all[collection] as unknown as Spec<C>
}
