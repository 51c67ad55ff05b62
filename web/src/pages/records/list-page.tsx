import { CloseButton, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Outlet } from '@tanstack/react-router'
import { useState } from 'react'
import { type ListFilter, recordQuery } from '../../api/queries'
import type { Collection } from '../../api/types'
import { useFormat } from '../../format/use-format'
import { collectionName, valueName } from '../../format/words'
import type { ListSearch } from '../../router'
import { useCan, useSession } from '../../session/context'
import { ConnectionIndicator } from '../../ui/connection'
import { Page } from '../../ui/page'
import classes from './list-page.module.css'
import { RecordList } from './record-list'
import { anySpecOf, sortFor } from './specs'
import { daysOf, type When, whenNames, whens } from './when'

/** Stands for no filter; it is never sent. */
const anyStatus = 'any'

const route = getRouteApi('/signed-in/$collection')

export function ListPage() {
  const { collection } = route.useParams()
  return (
    <Page title={collectionName(collection)} tools={<ConnectionIndicator />}>
      {/* The key gives each list its own search box and scroll. */}
      <FilteredList key={collection} collection={collection} />
      <Outlet />
    </Page>
  )
}

function FilteredList({ collection }: { collection: Collection }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { day } = useFormat()
  const finance = useCan()('finance:read')
  const spec = anySpecOf(collection)
  const sorts = spec.sorts.filter(sort => finance || !sort.finance)

  const change = (values: ListSearch) =>
    void navigate({ search: known => ({ ...known, ...values }), replace: true, resetScroll: false })

  const when: When | undefined =
    collection === 'visits'
      ? ((search.when as When | undefined) ?? (search.clientId || search.q ? 'all' : 'today'))
      : undefined
  const days = when && daysOf(when, day(new Date()))
  const filter: ListFilter = {
    q: search.q,
    status: spec.statuses.includes(search.status ?? '') ? search.status : undefined,
    sort: days?.sort ?? sortFor(collection, search.sort, finance),
    clientId: search.clientId,
    from: days?.from,
    to: days?.to,
  }

  return (
    <>
      <search className={classes.filters}>
        <SearchBox
          value={search.q ?? ''}
          placeholder={spec.searches}
          onChange={q => change({ q: q || undefined })}
        />
        {when && (
          <Select
            aria-label="Days"
            className={classes.select}
            data={whens.map(value => ({ value, label: whenNames[value] }))}
            value={when}
            allowDeselect={false}
            onChange={value => change({ when: value ?? undefined })}
          />
        )}
        {spec.statuses.length > 0 && (
          <Select
            aria-label="Status"
            className={classes.select}
            data={[
              { value: anyStatus, label: 'Any status' },
              ...spec.statuses.map(value => ({ value, label: valueName(value) })),
            ]}
            value={filter.status ?? anyStatus}
            allowDeselect={false}
            onChange={value => change({ status: value && value !== anyStatus ? value : undefined })}
            data-testid="filter-status"
          />
        )}
        {sorts.length > 1 && (
          <Select
            aria-label="Order"
            className={classes.select}
            data={sorts.map(({ value, label }) => ({ value, label }))}
            value={sorts.some(({ value }) => value === filter.sort) ? (filter.sort ?? null) : null}
            placeholder="Other order"
            allowDeselect={false}
            onChange={value =>
              change({ sort: value === spec.defaultSort ? undefined : (value ?? undefined) })
            }
          />
        )}
        {search.clientId && (
          <ClientFilter id={search.clientId} onClear={() => change({ clientId: undefined })} />
        )}
      </search>
      <RecordList
        collection={collection}
        filter={filter}
        filtered={Boolean(search.q || filter.status || search.clientId)}
        onSort={when ? undefined : sort => change({ sort: sort === spec.defaultSort ? undefined : sort })}
        onClear={() => void navigate({ search: when ? { when } : {}, replace: true })}
      />
    </>
  )
}

function SearchBox({
  value,
  placeholder,
  onChange,
}: {
  value: string
  placeholder: string
  onChange: (value: string) => void
}) {
  const [typed, setTyped] = useState(value)
  const [told, setTold] = useState(value)
  // The URL can change without typing, by the back button or by clearing the filters.
  if (value !== told) {
    setTold(value)
    setTyped(value)
  }
  const tell = useDebouncedCallback((text: string) => {
    setTold(text)
    onChange(text)
  }, 250)
  const set = (text: string) => {
    setTyped(text)
    tell(text.trim())
  }
  return (
    <TextInput
      type="search"
      className={classes.search}
      aria-label={placeholder}
      placeholder={placeholder}
      leftSection={<IconSearch size={16} stroke={1.6} aria-hidden />}
      rightSection={typed && <CloseButton size="sm" aria-label="Clear the search" onClick={() => set('')} />}
      value={typed}
      onChange={event => set(event.currentTarget.value)}
      data-testid="search"
    />
  )
}

function ClientFilter({ id, onClear }: { id: string; onClear: () => void }) {
  const client = useQuery(recordQuery(useSession(), 'clients', id)).data
  return (
    <span className={classes.pill}>
      {client?.name ?? 'One client'}
      <CloseButton size="xs" aria-label="Show all clients" onClick={onClear} />
    </span>
  )
}
