import { Button, type ButtonProps, NavLink, type NavLinkProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, Ref } from 'react'

type Anchor<Own> = Own &
  Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof Own> & { ref?: Ref<HTMLAnchorElement> }

/** A button that goes to a page. */
export const ButtonLink = createLink((props: Anchor<ButtonProps>) => <Button component="a" {...props} />)

/** An entry of the navigation. */
export const MenuLink = createLink((props: Anchor<NavLinkProps>) => <NavLink component="a" {...props} />)
