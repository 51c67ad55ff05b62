import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { PipelineColumn, PipelineName, Summary } from '../../api/types'
import { count, signedCount } from '../../format/number'
import { useFormat } from '../../format/use-format'
import { collectionName, valueName } from '../../format/words'
import { LiveNumber } from '../../ui/live-number'
import { Panel } from '../../ui/panel'
import { useCanList } from '../records/collections'
import classes from './pipeline.module.css'

const columns: PipelineName[] = ['requests', 'quotes', 'jobs', 'invoices']

export const Pipeline = memo(function Pipeline({ pipeline }: { pipeline: Summary['pipeline'] }) {
  const valued = columns.some(name => pipeline[name].cents !== null)
  return (
    <Panel title="Pipeline" aside={<span className={classes.hint}>Open work, at this moment</span>}>
      <div className={classes.columns}>
        {columns.map(name => (
          <Column key={name} name={name} column={pipeline[name]} valued={valued} />
        ))}
      </div>
    </Panel>
  )
})

function Column({ name, column, valued }: { name: PipelineName; column: PipelineColumn; valued: boolean }) {
  const format = useFormat()
  const canList = useCanList()
  const most = Math.max(1, ...column.stages.map(stage => stage.count))
  // A request has no value yet, but its column keeps the line, so that the stages stand level.
  const hasValue = valued && name !== 'requests'
  return (
    <section className={classes.column} aria-label={collectionName(name)}>
      <h3 className={classes.name}>
        {canList(name) ? (
          <Link to="/$collection" params={{ collection: name }}>
            {collectionName(name)}
          </Link>
        ) : (
          collectionName(name)
        )}
      </h3>
      <p className={classes.count}>
        <LiveNumber
          value={column.count}
          format={count}
          formatChange={signedCount}
          testId={`pipeline-${name}`}
        />
      </p>
      {valued && (
        <p className={classes.value}>{hasValue ? format.wholeMoney(column.cents ?? 0) : '\u00a0'}</p>
      )}
      <ul className={classes.stages}>
        {column.stages.map(stage => (
          <li key={stage.stage}>
            <span className={classes.stageName}>{valueName(stage.stage)}</span>
            <span className={classes.stageCount}>{count(stage.count)}</span>
            <span className={classes.track} aria-hidden>
              <span style={{ width: `${(stage.count / most) * 100}%` }} />
            </span>
            {hasValue && <span className={classes.stageValue}>{format.wholeMoney(stage.cents ?? 0)}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}
