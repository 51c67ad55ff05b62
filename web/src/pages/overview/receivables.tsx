import { IconCircleCheck } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Receivables } from '../../api/types'
import { percent, plural } from '../../format/number'
import { useFormat } from '../../format/use-format'
import { Empty } from '../../ui/empty'
import { LiveNumber } from '../../ui/live-number'
import { Panel } from '../../ui/panel'
import { StackedBar } from '../../ui/stacked-bar'
import { ageColors, ageNames } from './ageing'
import shared from './panel-parts.module.css'
import classes from './receivables.module.css'

export const ReceivablesPanel = memo(function ReceivablesPanel({
  receivables,
}: {
  receivables: Receivables
}) {
  const format = useFormat()
  return (
    <Panel
      title="Receivables by age"
      aside={
        <Link to="/$collection" params={{ collection: 'invoices' }} className={shared.link}>
          Invoices
        </Link>
      }
    >
      {receivables.invoices === 0 ? (
        <Empty icon={IconCircleCheck} title="Nothing is owed">
          Every issued invoice has been paid.
        </Empty>
      ) : (
        <div className={classes.body}>
          <div>
            <p className={classes.total}>
              <LiveNumber value={receivables.cents} format={format.money} formatChange={format.signedMoney} />
            </p>
            <p className={shared.muted}>in {plural(receivables.invoices, 'open invoice')}</p>
          </div>
          <StackedBar
            size={12}
            segments={receivables.ageing.map(({ bucket, cents }) => ({
              name: bucket,
              value: cents,
              color: ageColors[bucket],
            }))}
          />
          <ul className={classes.rows}>
            {receivables.ageing.map(({ bucket, cents, invoices }) => (
              <li key={bucket}>
                <span className={classes.key} style={{ backgroundColor: ageColors[bucket] }} aria-hidden />
                <span className={classes.bucket}>
                  {ageNames[bucket]}
                  <span className={shared.muted}>{plural(invoices, 'invoice')}</span>
                </span>
                <span className={classes.money}>
                  {format.money(cents)}
                  <span className={shared.muted}>
                    {percent(receivables.cents > 0 ? cents / receivables.cents : 0)}
                  </span>
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Panel>
  )
})
