import { Skeleton } from '@mantine/core'
import kpis from './kpis.module.css'
import classes from './overview.module.css'

/** Holds the place of the figures, box for box, so that nothing jumps when they come. */
export function OverviewSkeleton({ finance, activity }: { finance: boolean; activity: boolean }) {
  const cards = finance ? 5 : 4
  const days = activity ? [{ height: 480 }, { height: 480 }] : [{ height: 480, gridColumn: '1 / -1' }]
  const money = finance ? [{ height: 360 }, { height: 360 }] : []
  const panels = [...money, ...days, { height: 296 }, { height: 296 }]
  return (
    <output className={classes.figures}>
      <span className="sr-only">Loading the figures</span>
      <div className={kpis.row} aria-hidden>
        {Array.from({ length: cards }, (_, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the cards are alike and never move
          <div key={i} className={kpis.card}>
            <Skeleton height={12} width="45%" mt={4} />
            <Skeleton height={24} width="65%" mt={12} />
            <Skeleton height={10} width="80%" mt={10} />
          </div>
        ))}
      </div>
      <div className={classes.grid} aria-hidden>
        {panels.map((style, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the panels never move
          <div key={i} className={classes.waiting} style={style}>
            <Skeleton height={14} width={120} mb={16} />
            {Array.from({ length: Math.floor((style.height - 80) / 44) }, (_, line) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the lines never move
              <Skeleton key={line} height={12} width={`${90 - ((line * 13) % 30)}%`} />
            ))}
          </div>
        ))}
      </div>
    </output>
  )
}
