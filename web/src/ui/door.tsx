import { UnstyledButton } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import { Mark } from './brand'
import classes from './door.module.css'

/** The page of those who are not in yet: one card with one thing to do. */
export function Door({
  title,
  name = title,
  text,
  testId,
  children,
}: {
  title: string
  /** For the browser's title, where the heading is too long. */
  name?: string
  text?: ReactNode
  testId?: string
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${name} · Fieldboard`
  }, [name])
  return (
    <main className={classes.page} data-testid={testId}>
      <div className={classes.card}>
        <div className={classes.brand}>
          <Mark size={36} />
          <h1>{title}</h1>
          {text && <p>{text}</p>}
        </div>
        {children}
      </div>
    </main>
  )
}

/** A quiet way elsewhere, under what the card is for. */
export function DoorLink({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <UnstyledButton className={classes.link} onClick={onClick}>
      {children}
    </UnstyledButton>
  )
}
