/** What the tests of erasure ask and watch, and the persons in them. */
export const userFields = 'id email name country orderCount totalSpent forgottenAt';
export const usersQuery = `query ($at: Position) { users(atLeast: $at, orderBy: { field: ID }) { nodes { ${userFields} } } }`;
export const logQuery =
  '{ notificationLog(first: 1000) { nodes { position id type stream version tags data recordedAt } } }';
export const watchUsers = `subscription ($after: Position) { users(after: $after) { kind position upserted { ${userFields} } removed live } }`;
export const watchLog =
  'subscription ($after: Position) { notifications(after: $after) { position type version data } }';

// The country of a sale is a fact of the sale and stays, so that Ada, who orders, has one that says little of her.
export const ada = {
  id: 'u-1',
  email: 'quillfeather.one@example.org',
  name: 'Zÿx Quillfeather',
  country: 'Norway',
};
export const adasNewEmail = 'quillfeather.two@example.org';
export const bob = {
  id: 'u-2',
  email: 'bob.marrowby@example.org',
  name: 'Bob Marrowby',
  country: 'Erewhon-on-Sea',
};
export const eve = { id: 'u-3', email: 'eve.stays@example.org', name: 'Eve Stayswell', country: 'Ruritania' };

export const forgotten = {
  ...{ 'first email': ada.email, 'second email': adasNewEmail, name: ada.name, 'last name': 'Quillfeather' },
  ...{ "Bob's email": bob.email, "Bob's name": bob.name, "Bob's country": bob.country },
};
export const remembered = { "Eve's email": eve.email, "Eve's name": eve.name, "Eve's country": eve.country };
