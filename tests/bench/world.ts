/** One relay with its first administrator, for as long as a measurement lasts; nothing of it is left afterwards, however the measurement ends. */
import { startProduct, type Product } from '../support/product.ts'
import { administratorOf, type Administrator } from './sign-in.ts'

export interface World {
  product: Product
  admin: Administrator
}

export async function withRelay(run: (world: World) => Promise<void>): Promise<void> {
  const product = await startProduct()
  try {
    await run({ product, admin: await administratorOf(product) })
  } finally {
    await product.dispose()
  }
}
