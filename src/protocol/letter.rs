//! The letters by which schedules name steps. A letter has one meaning, and every store that has such a
//! step uses the same.

use crate::closed_set::closed_set;

closed_set! {
    /// How a schedule names a step.
    pub enum Letter: "letter" {
        /// Open the file that carries the lock.
        O = "O",
        /// Take the lock.
        L = "L",
        /// Read the stock.
        R = "R",
        /// Write the new stock.
        W = "W",
        /// Empty the file.
        T = "T",
        /// Fill the emptied file.
        F = "F",
        /// Let the lock go.
        U = "U",
        /// Take the lock as one of several.
        H = "H",
        /// Make a shared lock exclusive.
        V = "V",
        /// Open and close the lock's file once more.
        E = "E",
        /// Remove the lock's file.
        N = "N",
        /// See whether the lock's file is still the one that is locked.
        I = "I",
        /// Look whether the lockfile's holder is dead.
        Y = "Y",
        /// Remove a lockfile whose holder was found to be dead.
        J = "J",
        /// Another process lets the lock go.
        A = "A",
        /// Begin a transaction, where that acts; watch.
        B = "B",
        /// Write one less if the stock is what was read.
        S = "S",
        /// Write one less than there is.
        D = "D",
        /// Give back what was taken below 0.
        Q = "Q",
        /// Commit the transaction.
        C = "C",
        /// Roll the transaction back.
        Z = "Z",
        /// The lease expires by which the buyer holds the lock.
        X = "X",
        /// The buyer is killed.
        K = "K",
        /// The buyer is paused.
        P = "P",
        /// The buyer goes on.
        G = "G",
    }
}
