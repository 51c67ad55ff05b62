import type { Client } from '../../../api/types'
import { oneLine } from '../../../format/words'
import { Status } from '../../../ui/status'
import { cents, date, owed } from '../parts'
import { lastChanged, type Spec } from '../spec'

/** What sets a client apart from the many; none for a plain one. */
function standing(client: Client): string | undefined {
  return client.isArchived ? 'archived' : client.isLead ? 'lead' : undefined
}

export const clients: Spec<'clients'> = {
  collection: 'clients',
  searches: 'Search by name, email or phone',
  statuses: ['active', 'lead', 'archived'],
  defaultSort: 'name',
  sorts: [
    { value: 'name', label: 'Name' },
    { value: '-balanceCents', label: 'Largest balance', finance: true },
    { value: '-createdAt', label: 'Newest' },
    lastChanged,
  ],
  name: client => client.name,
  context: client =>
    [client.companyName !== client.name ? client.companyName : '', oneLine(client.billingAddress)]
      .filter(Boolean)
      .join(' · '),
  status: standing,
  figure: (client, format) => owed(client.balanceCents, format) ?? undefined,
  figureIsFinance: true,
  columns: [
    { header: 'Phone', cell: client => client.phone, wideOnly: true },
    { header: 'Email', cell: client => client.email, wideOnly: true },
    { header: 'City', cell: client => client.billingAddress?.city },
    {
      header: 'Status',
      cell: client => {
        const status = standing(client)
        return status ? <Status value={status} /> : 'Active'
      },
    },
    {
      header: 'Balance',
      cell: (client, format) => owed(client.balanceCents, format),
      numeric: true,
      finance: true,
      sort: 'balanceCents',
      downFirst: true,
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
