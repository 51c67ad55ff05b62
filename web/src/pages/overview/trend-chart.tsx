import { CompositeChart } from '@mantine/charts'
import type { MoneyFigure } from '../../api/types'
import { monthName, shortDay, weekDay } from '../../format/time'
import { useFormat } from '../../format/use-format'
import '@mantine/charts/styles.layer.css'
import classes from './trend-chart.module.css'

interface Row {
  start: string
  label: string
  cents: number
  previous: number | null
  previousStart: string | null
}

export default function TrendChart({ figure }: { figure: MoneyFigure }) {
  const format = useFormat()
  const monthly = figure.granularity === 'month'
  const rows: Row[] = figure.trend.map((point, i) => {
    const before = figure.previousTrend[i]
    return {
      start: point.start,
      label: monthly ? monthName(point.start, true) : shortDay(point.start),
      cents: point.cents,
      previous: before?.cents ?? null,
      previousStart: before?.start ?? null,
    }
  })
  const name = (start: string) => (monthly ? `${monthName(start)} ${start.slice(0, 4)}` : weekDay(start))

  return (
    <CompositeChart
      h={264}
      data={rows}
      dataKey="label"
      series={[
        { name: 'previous', color: 'var(--fb-gray)', type: 'line', strokeDasharray: '4 4' },
        { name: 'cents', color: 'var(--fb-pine)', type: 'area' },
      ]}
      curveType="monotone"
      withDots={false}
      strokeWidth={2}
      gridAxis="x"
      tickLine="none"
      strokeDasharray="0"
      gridColor="var(--fb-line)"
      textColor="var(--fb-muted)"
      valueFormatter={format.shortMoney}
      yAxisProps={{ width: 56, tickCount: 5, allowDecimals: false }}
      xAxisProps={{
        interval: 'equidistantPreserveStart',
        minTickGap: 28,
        padding: { left: 8, right: 8 },
        tickMargin: 8,
      }}
      areaProps={{
        fillOpacity: 0.1,
        // A line that grows again at every change would draw the eye to nothing.
        isAnimationActive: false,
        activeDot: { r: 4, strokeWidth: 2 },
      }}
      lineProps={{ isAnimationActive: false, activeDot: { r: 3, strokeWidth: 0 } }}
      composedChartProps={{ margin: { top: 8, right: 20, bottom: 0, left: 4 }, accessibilityLayer: false }}
      tooltipAnimationDuration={0}
      tooltipProps={{
        content: ({ payload }) => {
          const row = payload?.[0]?.payload as Row | undefined
          if (!row) return null
          return (
            <div className={classes.tip}>
              <span>{name(row.start)}</span>
              <strong>{format.money(row.cents)}</strong>
              {row.previousStart && row.previous !== null && (
                <>
                  <span data-previous>{name(row.previousStart)}</span>
                  <span>{format.money(row.previous)}</span>
                </>
              )}
            </div>
          )
        },
      }}
    />
  )
}
