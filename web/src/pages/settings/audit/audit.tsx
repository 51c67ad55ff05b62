import { Button, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconListSearch, IconSearch, IconX } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { auditQuery } from '../../../api/queries'
import { addDays, dayOf } from '../../../format/time'
import { useIdentity, useSession } from '../../../session/context'
import { Empty } from '../../../ui/empty'
import { Failure } from '../../../ui/failure'
import { Panel } from '../../../ui/panel'
import rows from '../rows.module.css'
import { Waiting } from '../waiting'
import classes from './audit.module.css'
import { EntryRow } from './entry-row'
import { ExportLog } from './export'
import { families, spans } from './search'

const route = getRouteApi('/signed-in/settings/audit')

/** Who did what, to what, when and from where. */
export function AuditLog() {
  const asked = route.useSearch()
  const navigate = useNavigate()
  const { account, member } = useIdentity()
  const set = (change: Partial<typeof asked>) =>
    void navigate({
      to: '/settings/audit',
      search: { ...asked, ...change },
      replace: true,
      resetScroll: false,
    })
  const filter = {
    q: asked.q,
    family: asked.family,
    correlationId: asked.cause,
    from: startOf(asked.since, account.timeZone),
  }
  const found = useInfiniteQuery(auditQuery(useSession(), filter))
  const entries = found.data?.pages.flatMap(page => page.items) ?? []
  const narrowed = Boolean(asked.q || asked.family || asked.since || asked.cause)

  return (
    <Panel title="Audit log">
      <p className={rows.hint}>
        Who did what, when and from where. Nothing here can be changed, and looking is written down too.
      </p>
      <div className={classes.tools}>
        <Words text={asked.q ?? ''} onChange={q => set({ q: q || undefined })} />
        <Select
          aria-label="What happened"
          data={families}
          value={asked.family ?? ''}
          onChange={value => set({ family: value || undefined })}
          allowDeselect={false}
          className={classes.choice}
        />
        <Select
          aria-label="When"
          data={spans}
          value={asked.since ?? ''}
          onChange={value => set({ since: spans.find(span => span.value === value)?.value || undefined })}
          allowDeselect={false}
          className={classes.choice}
        />
      </div>
      {member.grants['event:export'] && <ExportLog filter={filter} />}
      {asked.cause && (
        <p className={classes.cause}>
          <span>Only what one request caused.</span>
          <Button
            variant="default"
            size="compact-xs"
            leftSection={<IconX size={14} aria-hidden />}
            onClick={() => set({ cause: undefined })}
          >
            Show everything
          </Button>
        </p>
      )}
      {found.isError && entries.length === 0 ? (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <Waiting what="the audit log" rows={8} />
      ) : entries.length > 0 ? (
        <ul className={rows.rows} aria-label="Audit log">
          {entries.map(entry => (
            <EntryRow
              key={entry.id}
              entry={entry}
              onCause={
                asked.cause
                  ? undefined
                  : id => set({ cause: id, q: undefined, family: undefined, since: undefined })
              }
            />
          ))}
        </ul>
      ) : (
        <Empty icon={IconListSearch} title={narrowed ? 'Nothing like that' : 'Nothing has happened yet'}>
          {found.hasNextPage
            ? 'The newest entries have nothing like that. Look further back.'
            : narrowed
              ? 'Try fewer words, or another time.'
              : 'Sign-ins, changes of members and all that happens in Jobber show here.'}
        </Empty>
      )}
      {found.hasNextPage && (
        <div className={classes.foot}>
          <Button
            variant="default"
            size="xs"
            loading={found.isFetchingNextPage}
            onClick={() => void found.fetchNextPage()}
          >
            {entries.length > 0 ? 'Show earlier' : 'Look further back'}
          </Button>
        </div>
      )}
    </Panel>
  )
}

/** The first instant of the span, in the time zone of the business. */
function startOf(since: string | undefined, timeZone: string): string | undefined {
  const days = spans.find(span => span.value === since)?.days
  if (days === undefined) return undefined
  const day = addDays(dayOf(new Date(), timeZone), -days)
  // The hour at which a day begins somewhere else differs by the zone; an hour too much at a change of clocks does no harm.
  const noon = new Date(`${day}T12:00:00Z`)
  const there = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const [hours = 0, minutes = 0] = there.format(noon).split(':').map(Number)
  const ahead = dayOf(noon, timeZone) > day ? 24 * 60 : dayOf(noon, timeZone) < day ? -24 * 60 : 0
  return new Date(noon.getTime() - (hours * 60 + minutes + ahead) * 60_000).toISOString()
}

function Words({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const [typed, setTyped] = useState(text)
  const tell = useDebouncedCallback(onChange, 300)
  return (
    <TextInput
      type="search"
      aria-label="Search the audit log"
      placeholder="Search names and values"
      leftSection={<IconSearch size={16} stroke={1.6} aria-hidden />}
      maxLength={100}
      value={typed}
      onChange={event => {
        setTyped(event.currentTarget.value)
        tell(event.currentTarget.value.trim())
      }}
      className={classes.words}
    />
  )
}
