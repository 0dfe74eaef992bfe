/** Conventional tints of coded areas, by the name of the dictionary; a code takes the tint of its longest listed beginning. */
export type Palette = Record<string, string>

const palettes: Record<string, Palette> = {
  'gb50137.land_use': {
    R: '#f3ead0',
    A: '#efd3da',
    B: '#f1d0c3',
    M: '#d9cdc3',
    W: '#d6cde2',
    S: '#e4e6e8',
    U: '#cbdbe3',
    G: '#cde6c3',
    H: '#e9e5dc',
    E: '#e0eacb',
    E1: '#b5d9ef',
  },
}

export function paletteOf(dictionary: string | null): Palette | undefined {
  return dictionary === null ? undefined : palettes[dictionary]
}

export function tint(palette: Palette, code: string): string | undefined {
  for (let length = code.length; length > 0; length--) {
    const found = palette[code.slice(0, length)]
    if (found) return found
  }
  return undefined
}
