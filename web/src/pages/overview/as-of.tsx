import { Popover, UnstyledButton } from '@mantine/core'
import type { Freshness, Source } from '../../api/types'
import { count } from '../../format/number'
import { ago } from '../../format/time'
import { type Format, useFormat } from '../../format/use-format'
import { collectionName } from '../../format/words'
import { useNow } from '../../ui/now'
import { Dot, toneOf } from '../../ui/status'
import classes from './as-of.module.css'

const sourceNames: Record<Source['state'], string> = {
  copying: 'Copying',
  live: 'Up to date',
  stale: 'Out of date',
  failed: 'Failed',
}

/** When the figures were true, and how fresh each source of them is. */
export function AsOf({ freshness }: { freshness: Freshness }) {
  const format = useFormat()
  return (
    <Popover position="bottom-end" width="max-content">
      <Popover.Target>
        <UnstyledButton className={classes.button} data-testid="as-of" data-at={freshness.at ?? undefined}>
          {freshness.at ? (
            <>
              As of <span className="tnum">{whenTrue(freshness.at, format)}</span>
            </>
          ) : (
            'Not complete yet'
          )}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <Sources sources={freshness.sources} />
      </Popover.Dropdown>
    </Popover>
  )
}

/** A time of today, or with its date once that is what matters. */
function whenTrue(at: string, format: Format): string {
  return format.day(at) === format.day(new Date()) ? format.seconds(at) : format.dateTime(at)
}

function Sources({ sources }: { sources: Source[] }) {
  const now = useNow()
  if (sources.length === 0) return <p className={classes.none}>Nothing has been copied from Jobber yet.</p>
  return (
    <table className={classes.table}>
      <caption>Freshness by source</caption>
      <thead>
        <tr>
          <th scope="col">Source</th>
          <th scope="col">Records</th>
          <th scope="col">Checked</th>
        </tr>
      </thead>
      <tbody>
        {sources.map(source => (
          <tr key={source.collection}>
            <th scope="row">
              <Dot tone={toneOf(source.state)} pulse={source.state === 'copying'} />
              {collectionName(source.collection)}
              <span className="sr-only">: {sourceNames[source.state] ?? source.state}</span>
            </th>
            <td>
              {source.state === 'copying' && source.expected > source.copied
                ? `${count(source.copied)} / ${count(source.expected)}`
                : count(source.records)}
            </td>
            <td>
              {source.state === 'live' || source.state === 'copying'
                ? source.asOf
                  ? ago(source.asOf, now)
                  : '–'
                : sourceNames[source.state]}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
