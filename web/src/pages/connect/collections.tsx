import type { SyncStatus } from '../../api/types'
import { count } from '../../format/number'
import { ago } from '../../format/time'
import { useFormat } from '../../format/use-format'
import { collectionName } from '../../format/words'
import { useNow } from '../../ui/now'
import { Panel } from '../../ui/panel'
import { Status } from '../../ui/status'
import classes from './connect.module.css'

const stateNames: Record<string, string> = {
  copying: 'Copying',
  live: 'Up to date',
  stale: 'Out of date',
  failed: 'Failed',
}

export function Collections({ status }: { status: SyncStatus }) {
  const format = useFormat()
  const now = useNow()
  const { startedAt, finishedAt, collections } = status
  const aside = finishedAt
    ? `Copied in full ${format.dateTime(finishedAt)}`
    : startedAt
      ? `Copy started ${format.dateTime(startedAt)}`
      : null
  return (
    <Panel title="What is copied" aside={aside && <span className={classes.muted}>{aside}</span>}>
      <div className={classes.scroll}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">Records</th>
              <th scope="col">State</th>
              <th scope="col">Copied</th>
              <th scope="col">Checked</th>
            </tr>
          </thead>
          <tbody>
            {collections.map(({ collection, state, copied, expected, asOf, error }) => (
              <tr key={collection}>
                <th scope="row">{collectionName(collection)}</th>
                <td>
                  <Status value={state} label={stateNames[state]} />
                  {error && <span className={classes.error}>{error}</span>}
                </td>
                <td>
                  {state === 'copying' && expected > copied
                    ? `${count(copied)} of ${count(expected)}`
                    : count(copied)}
                </td>
                <td>{asOf ? ago(asOf, now) : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
