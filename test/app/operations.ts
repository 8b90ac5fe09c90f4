const receipt = 'receipt { position stream version eventIds duplicate }';
const order =
  'order { id status placedAt total cancelReason carrier customer { id orderCount totalSpent } lines { sku name quantity unitPrice amount } }';

/** The shop's mutations, each with all that a test may want to see. */
export const addProduct = `mutation ($input: AddProductInput!, $id: ID) { addProduct(input: $input, commandId: $id) { ${receipt} product { sku name price stock unitsSold revenue } } }`;
export const restock = `mutation ($input: RestockInput!, $id: ID) { restock(input: $input, commandId: $id) { ${receipt} product { sku stock } } }`;
export const registerUser = `mutation ($input: RegisterUserInput!, $id: ID) { registerUser(input: $input, commandId: $id) { ${receipt} user { id email name country orderCount totalSpent } } }`;
export const changeEmail = `mutation ($input: ChangeEmailInput!, $id: ID) { changeEmail(input: $input, commandId: $id) { ${receipt} user { id email } } }`;
export const forgetUser = `mutation ($input: ForgetUserInput!, $id: ID) { forgetUser(input: $input, commandId: $id) { ${receipt} user { id email name country orderCount totalSpent forgottenAt } } }`;
export const placeOrder = `mutation ($input: PlaceOrderInput!, $id: ID) { placeOrder(input: $input, commandId: $id) { ${receipt} ${order} } }`;
export const payOrder = `mutation ($input: PayOrderInput!, $id: ID) { payOrder(input: $input, commandId: $id) { ${receipt} ${order} } }`;
export const cancelOrder = `mutation ($input: CancelOrderInput!, $id: ID) { cancelOrder(input: $input, commandId: $id) { ${receipt} ${order} } }`;
export const returnItems = `mutation ($input: ReturnItemsInput!, $id: ID) { returnItems(input: $input, commandId: $id) { ${receipt} return { id total customer { id } order { id } lines { sku quantity amount } } } }`;
