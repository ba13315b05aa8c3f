/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAXCUT_CORE_IMAGE_SVM_H
#define TAXCUT_CORE_IMAGE_SVM_H

/* Turns SVM on, once. */
void svm_start(void);
/* The core's turn: the guest goes in, runs until an exit that the core does not finish, and comes out. */
void svm_turn(void);

#endif /* TAXCUT_CORE_IMAGE_SVM_H */
