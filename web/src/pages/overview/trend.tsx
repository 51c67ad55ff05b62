import { SegmentedControl, Skeleton } from '@mantine/core'
import { IconChartLine } from '@tabler/icons-react'
import { lazy, memo, Suspense, useDeferredValue, useState } from 'react'
import type { MoneyFigure, Summary } from '../../api/types'
import { percent } from '../../format/number'
import { useFormat } from '../../format/use-format'
import { capital } from '../../format/words'
import { Empty } from '../../ui/empty'
import { Panel } from '../../ui/panel'
import { currentName, previousName } from './period'
import classes from './trend.module.css'

const TrendChart = lazy(() => import('./trend-chart'))

type Metric = 'revenue' | 'collected'

interface Props {
  revenue: MoneyFigure
  collected: MoneyFigure
  period: Summary['period']
}

export const TrendPanel = memo(function TrendPanel({ revenue, collected, period }: Props) {
  const [metric, setMetric] = useState<Metric>('revenue')
  const format = useFormat()
  const figure = metric === 'revenue' ? revenue : collected
  // Drawing the line is the slowest part of a change, so the figures need not wait for it.
  const drawn = useDeferredValue(figure)
  const name = metric === 'revenue' ? 'Revenue' : 'Collected'
  const before = previousName(period)
  const empty = figure.cents === 0 && figure.previousCents === 0
  const told = `${name}, ${currentName(period).toLowerCase()}: ${format.money(figure.cents)}; ${before}: ${format.money(
    figure.previousCents,
  )}${figure.change === null ? '' : `; change ${percent(figure.change)}`}.`

  return (
    <Panel
      title="Trend"
      className={classes.panel}
      aside={
        <SegmentedControl
          size="xs"
          withItemsBorders={false}
          aria-label="Figure of the trend"
          data={[
            { value: 'revenue', label: 'Revenue' },
            { value: 'collected', label: 'Collected' },
          ]}
          value={metric}
          onChange={value => setMetric(value as Metric)}
        />
      }
    >
      <div className={classes.legend}>
        <span>
          <span className={classes.line} aria-hidden />
          {currentName(period)}
          <strong className="tnum">{format.wholeMoney(figure.cents)}</strong>
        </span>
        <span>
          <span className={classes.line} data-previous aria-hidden />
          {capital(before)}
          <strong className="tnum">{format.wholeMoney(figure.previousCents)}</strong>
        </span>
      </div>
      <div className={classes.chart} role="img" aria-label={told}>
        {empty ? (
          <Empty icon={IconChartLine} title="Nothing in this period">
            {metric === 'revenue' ? 'No invoices were issued.' : 'No payments came in.'}
          </Empty>
        ) : figure.trend.length < 2 ? (
          <Compared figure={figure} current={currentName(period)} before={before} />
        ) : (
          <Suspense fallback={<Skeleton height={252} mx={16} />}>
            <TrendChart figure={drawn} />
          </Suspense>
        )}
      </div>
    </Panel>
  )
})

/** A single point makes no line: two bars say it better. */
function Compared({ figure, current, before }: { figure: MoneyFigure; current: string; before: string }) {
  const format = useFormat()
  const most = Math.max(figure.cents, figure.previousCents, 1)
  const rows = [
    { name: current, cents: figure.cents },
    { name: capital(before), cents: figure.previousCents },
  ]
  return (
    <div className={classes.compared}>
      {rows.map(({ name, cents }, i) => (
        <div key={name} className={classes.comparedRow}>
          <span className={classes.comparedName}>{name}</span>
          <span className={classes.comparedTrack}>
            <span
              data-previous={i === 1 || undefined}
              style={{ width: `${(Math.max(0, cents) / most) * 100}%` }}
            />
          </span>
          <span className={classes.comparedMoney}>{format.money(cents)}</span>
        </div>
      ))}
    </div>
  )
}
